import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = join(root, "packages");
const folder = join(root, "node_modules/.cache/halyard");

export interface BundleOptions {
  /**
   * Takes the workspace's packages as they were last built, which their threads want, instead of
   * their sources. Default `false`.
   */
  readonly built?: boolean;
}

/** A program in TypeScript: in a file, or as text that may import what the workspace has. */
export type ProgramSource = URL | { readonly code: string };

/** What is no file of the workspace's own is loaded as its authors ship it, from where it is. */
function external(built: boolean): Plugin {
  const RESOLVED = {};
  return {
    name: "external",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === RESOLVED || kind === "entry-point") return;
        if (path.startsWith("@halyard/") && !built) return;
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: RESOLVED });
        if (found.errors.length > 0 || found.external) return { path, external: true };
        return { path: pathToFileURL(found.path).href, external: true };
      });
    },
  };
}

/** Modules of the packages that ask where they are, for what is installed beside them, still know. */
const whereabouts: Plugin = {
  name: "whereabouts",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!path.startsWith(packages)) return;
      const text = await readFile(path, "utf8");
      if (!text.includes("import.meta.url")) return;
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: text.replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
};

/**
 * A program as one text of plain JavaScript. A process starts with it in a third of the time that
 * it takes through a loader. And what is measured must not run through one: those that keep
 * functions' names wrap every closure in a call.
 */
export async function bundleText(
  source: ProgramSource,
  { built = false }: BundleOptions = {},
): Promise<string> {
  const entry: BuildOptions =
    source instanceof URL
      ? { entryPoints: [fileURLToPath(source)] }
      : { stdin: { contents: source.code, resolveDir: root, loader: "ts" } };
  const { outputFiles } = await build({
    ...entry,
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: built ? [] : ["@halyard/source"],
    plugins: [external(built), whereabouts],
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

/** The same in a file, whose path it gives. */
export async function bundle(source: URL, options?: BundleOptions): Promise<string> {
  const name = relative(root, fileURLToPath(source)).replaceAll(/\W+/g, "-");
  const file = join(folder, `${name}.mjs`);
  await mkdir(dirname(file), { recursive: true });
  // Others may be about to start the same program.
  const part = `${file}.${process.pid}`;
  await writeFile(part, await bundleText(source, options));
  await rename(part, file);
  return file;
}
