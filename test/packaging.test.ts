import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// Uses the packages as their users do: from the tarballs that `.ci/pack.mjs` made, installed by npm
// into a project outside the workspace. `npm run test:packaging` makes the tarballs first.

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Record<string, unknown>;
  readonly publishConfig: { readonly exports: Record<string, unknown> };
  readonly peerDependencies?: Record<string, string>;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const tarballs = join(root, "node_modules/.halyard/tarballs");

const tsc = join(root, "node_modules/typescript/bin/tsc");
const source = "@halyard/source";

/** Older versions of Node and test runners such as Jest cannot require ECMAScript modules. */
const withoutRequireOfModules = process.allowedNodeEnvironmentFlags.has(
  "--experimental-require-module",
)
  ? ["--no-experimental-require-module"]
  : [];

const manifests = readdirSync(join(root, "packages"))
  .map(
    (name) =>
      JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest,
  )
  .filter((manifest) => !manifest.private);

/** What a user writes to import each entry point. */
const specifiers = manifests.flatMap(({ name, publishConfig }) =>
  Object.keys(publishConfig.exports)
    .filter((entry) => !entry.endsWith(".json"))
    .map((entry) => name + entry.slice(1)),
);

const project = mkdtempSync(join(tmpdir(), "halyard-consumer-"));

function write(file: string, text: string): string {
  const path = join(project, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function execute(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd: project, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")} failed:\n${stdout ?? ""}${stderr ?? ""}`, {
      cause: error,
    });
  }
}

/** Errors in our declarations and in the project; declarations of others are theirs to mend. */
function typeErrors(folder: string): string[] {
  const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
    cwd: project,
    encoding: "utf8",
  });
  const errors = stdout.split("\n").filter((line) => line.includes(": error TS"));
  if (status !== 0 && errors.length === 0) throw new Error(`tsc failed: ${stdout}`);
  return errors.filter((line) => !/^node_modules\/(?!@halyard\/)/.test(line));
}

beforeAll(() => {
  const peers = Object.assign({}, ...manifests.map((manifest) => manifest.peerDependencies ?? {}));
  write(
    "package.json",
    JSON.stringify({
      private: true,
      dependencies: {
        "@types/node": "^20.19.0",
        ...peers,
        ...Object.fromEntries(
          manifests.map(({ name }) => {
            const prefix = `${name.slice(1).replace("/", "-")}-`;
            const tarball = readdirSync(tarballs).find((file) => file.startsWith(prefix));
            if (!tarball) throw new Error(`${name} is not packed: npm run test:packaging`);
            return [name, `file:${join(tarballs, tarball)}`];
          }),
        ),
      },
    }),
  );
  execute("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

it.each(manifests)("$name publishes the entry points it has in the workspace", (manifest) => {
  const withoutSource = structuredClone(manifest.exports);
  for (const target of Object.values(withoutSource)) {
    if (typeof target === "object" && target !== null) Reflect.deleteProperty(target, source);
  }
  expect(manifest.publishConfig.exports).toEqual(withoutSource);
});

describe("the installed packages", () => {
  it("are imported by ECMAScript modules", () => {
    const file = write(
      "esm.mjs",
      `const found = {};
      for (const name of ${JSON.stringify(specifiers)}) {
        const file = import.meta.resolve(name);
        found[name] = [typeof (await import(name)), /dist.(esm|cjs)/.exec(file)?.[1]];
      }
      console.log(JSON.stringify(found));`,
    );
    const found = JSON.parse(execute(process.execPath, [file]));
    expect(found).toEqual(Object.fromEntries(specifiers.map((name) => [name, ["object", "esm"]])));
  });

  it("are required by CommonJS modules", () => {
    const file = write(
      "cjs.cjs",
      `const found = {};
      for (const name of ${JSON.stringify(specifiers)}) {
        const file = require.resolve(name);
        found[name] = [typeof require(name), /dist.(esm|cjs)/.exec(file)?.[1]];
      }
      console.log(JSON.stringify(found));`,
    );
    const found = JSON.parse(execute(process.execPath, [...withoutRequireOfModules, file]));
    expect(found).toEqual(Object.fromEntries(specifiers.map((name) => [name, ["object", "cjs"]])));
  });

  it.each(["module", "commonjs"])("type-check in a TypeScript project of type %s", (type) => {
    write(`${type}/package.json`, JSON.stringify({ private: true, type }));
    write(
      `${type}/tsconfig.json`,
      JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          target: "es2022",
          rootDir: ".",
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          types: ["node"],
        },
      }),
    );
    write(
      `${type}/index.ts`,
      specifiers.map((name, at) => `import * as m${at} from "${name}";\nvoid m${at};\n`).join(""),
    );
    expect(typeErrors(type)).toEqual([]);
  });
});
