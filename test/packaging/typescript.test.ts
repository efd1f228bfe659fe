import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nodes, Project, tsc } from "./project.ts";

// A project of a user who writes TypeScript: once as ECMAScript modules, once as CommonJS.

const project = new Project();
const types = ["module", "commonjs"];
const servers = ["express", "koa", "fastify"];

beforeAll(() => {
  project.copy("typescript");
  const copied = readdirSync(project.folder).filter((file) => file !== "package.json");
  project.install();
  for (const type of types) {
    const folder = join(project.folder, type);
    mkdirSync(folder);
    for (const file of copied) {
      cpSync(join(project.folder, file), join(folder, file), { recursive: true });
    }
    project.write(join(type, "package.json"), JSON.stringify({ private: true, type }));
  }
});
afterAll(() => project.remove());

const runs = types.flatMap((type) =>
  servers.flatMap((server) => [
    { type, server, compiler: "TypeScript 7", program: tsc, exact: "true" },
    { type, server, compiler: "TypeScript 7", program: tsc, exact: "false" },
  ]),
);
// Many times slower, so only once for each server.
const older = { compiler: "TypeScript 5.9", program: "node_modules/typescript/bin/tsc" };
for (const server of servers) runs.push({ type: "commonjs", server, ...older, exact: "true" });

it.each(runs)(
  "$server as $type compiles with $compiler, exactOptionalPropertyTypes $exact",
  ({ type, server, program, exact }) => {
    const config = join(type, `tsconfig.${server}.json`);
    const args = ["-p", config, "--exactOptionalPropertyTypes", exact];
    expect(project.typeErrors(program, args)).toEqual([]);
  },
);

it.each(types.flatMap((type) => nodes.map((node) => ({ ...node, type }))))(
  "servers as $type run on Node $version",
  ({ type, program, withoutRequireOfModules }) => {
    project.run(program, [...withoutRequireOfModules, join(type, "servers.test.mjs")]);
  },
);
