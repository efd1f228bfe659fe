// Builds every published package from src/ to dist/esm (tsc) and dist/cjs (the same modules, each
// turned into CommonJS by esbuild). Nothing is bundled: both trees mirror src/.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { publishedPackages, root, run } from "./workspace.mjs";

function files(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** Files that `exports` or `bin` promise but the build did not make. */
function missing(folder, target) {
  if (typeof target === "string") return existsSync(join(folder, target)) ? [] : [target];
  return Object.values(target).flatMap((inner) => missing(folder, inner));
}

async function toCommonJs(entryPoints, esm, cjs, options) {
  if (entryPoints.length === 0) return;
  await build({
    entryPoints,
    outbase: esm,
    outdir: cjs,
    format: "cjs",
    platform: "node",
    target: "node20",
    sourcemap: true,
    sourcesContent: false,
    logLevel: "warning",
    ...options,
  });
}

async function buildPackage({ folder, manifest }) {
  const src = join(folder, "src");
  const esm = join(folder, "dist", "esm");
  const cjs = join(folder, "dist", "cjs");
  rmSync(join(folder, "dist"), { recursive: true, force: true });

  // Without the source condition: a package is checked against what the others publish.
  const { status } = run(["tsc", "-p", folder, "--customConditions", "null"]);
  if (status !== 0) throw new Error(`${manifest.name} does not compile`);

  const isData = (file) => !/\.[cm]?tsx?$/.test(file);
  for (const file of files(src).filter(isData)) cpSync(file, join(esm, file.slice(src.length)));

  const usesUrl = (file) => readFileSync(file, "utf8").includes("import.meta.url");
  const modules = files(esm).filter((file) => file.endsWith(".js"));
  await toCommonJs(
    modules.filter((file) => !usesUrl(file)),
    esm,
    cjs,
    {},
  );
  await toCommonJs(modules.filter(usesUrl), esm, cjs, {
    define: { "import.meta.url": "__importMetaUrl" },
    banner: { js: 'const __importMetaUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
  for (const file of files(esm)) {
    if (!/\.js(\.map)?$/.test(file)) cpSync(file, join(cjs, file.slice(esm.length)));
  }
  writeFileSync(join(cjs, "package.json"), '{ "type": "commonjs" }\n');

  const { exports, bin = {} } = manifest.publishConfig;
  const absent = [...missing(folder, exports), ...missing(folder, bin)];
  if (absent.length > 0) throw new Error(`${manifest.name} lacks ${absent.join(", ")}`);
  console.log(`${manifest.name}: ${modules.length} modules in ${folder.slice(root.length)}/dist`);
}

for (const entry of publishedPackages()) await buildPackage(entry);
