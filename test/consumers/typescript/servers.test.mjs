import { serves } from "./shared/serving.cjs";

for (const name of ["express", "koa", "fastify"]) {
  const { start } = await import(`./${name}.js`);
  serves(name, start);
}
