import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("..", import.meta.url));

/** What is measured against, or under, Halyard: loaded as its authors ship it. */
const EXTERNAL = [
  "@configcat/*",
  "@growthbook/*",
  "@launchdarkly/*",
  "@openfeature/*",
  "express",
  "fastify",
  "koa",
  "prom-client",
  "unleash-client",
];

/**
 * Makes plain JavaScript of a program of the benchmarks and returns its path. What is measured
 * must not run through a loader: those that keep functions' names wrap every closure in a call.
 * `built` leaves Halyard out, as it wants for its threads: it is then the last one that was built.
 */
export async function bundle(
  entry: URL,
  { built = false }: { built?: boolean } = {},
): Promise<string> {
  const source = fileURLToPath(entry);
  const outfile = join(folder, "dist", `${basename(source, ".ts")}.mjs`);
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["@halyard/source"],
    external: built ? [...EXTERNAL, "@halyard/*"] : EXTERNAL,
    sourcemap: true,
    logLevel: "warning",
    // CommonJS that gets bundled asks for Node's modules by `require`.
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
  return outfile;
}
