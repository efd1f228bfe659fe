import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manifests, nodes, Project, tsc } from "./project.ts";

const source = "@halyard/source";

/** What a user writes to import each entry point. */
const specifiers = manifests.flatMap(({ name, publishConfig }) =>
  Object.keys(publishConfig.exports).map((entry) => name + entry.slice(1)),
);
const modules = specifiers.filter((name) => !name.endsWith(".json"));
const documents = specifiers.filter((name) => name.endsWith(".json"));

/** What a user types to start each command. */
const commands = manifests.flatMap(({ publishConfig }) => Object.keys(publishConfig.bin ?? {}));

const project = new Project();

beforeAll(() => {
  const peers = Object.assign({}, ...manifests.map((manifest) => manifest.peerDependencies ?? {}));
  project.install({ private: true, dependencies: { "@types/node": "^20.19.0", ...peers } });
});

afterAll(() => project.remove());

it.each(manifests)("$name publishes the entry points it has in the workspace", (manifest) => {
  const withoutSource = structuredClone(manifest.exports);
  for (const target of Object.values(withoutSource)) {
    if (typeof target === "object" && target !== null) Reflect.deleteProperty(target, source);
  }
  expect(manifest.publishConfig.exports).toEqual(withoutSource);
});

describe.each(nodes)("the installed packages on Node $version", (node) => {
  const expected = (format: string) =>
    Object.fromEntries([
      ...modules.map((name) => [name, ["object", format]]),
      ...documents.map((name) => [name, ["object", "json"]]),
    ]);

  it("are imported by ECMAScript modules", () => {
    const file = project.write(
      "esm.mjs",
      `const found = {};
      for (const name of ${JSON.stringify(specifiers)}) {
        const file = import.meta.resolve(name);
        const json = file.endsWith(".json");
        const value = await import(name, json ? { with: { type: "json" } } : {});
        found[name] = [typeof value, json ? "json" : /dist.(esm|cjs)/.exec(file)?.[1]];
      }
      console.log(JSON.stringify(found));`,
    );
    expect(JSON.parse(project.run(node.program, [file]))).toEqual(expected("esm"));
  });

  it("are required by CommonJS modules", () => {
    const file = project.write(
      "cjs.cjs",
      `const found = {};
      for (const name of ${JSON.stringify(specifiers)}) {
        const file = require.resolve(name);
        const format = file.endsWith(".json") ? "json" : /dist.(esm|cjs)/.exec(file)?.[1];
        found[name] = [typeof require(name), format];
      }
      console.log(JSON.stringify(found));`,
    );
    const args = [...node.withoutRequireOfModules, file];
    expect(JSON.parse(project.run(node.program, args))).toEqual(expected("cjs"));
  });
});

describe.each(commands)("the command %s", (command) => {
  it("is found by npx, and says how it is used", () => {
    expect(project.run("npx", ["--no-install", command, "--help"])).toContain(`Usage: ${command}`);
  });

  it.each(nodes)("runs on Node $version", (node) => {
    const file = join(project.folder, "node_modules", ".bin", command);
    expect(project.run(node.program, [file, "--help"])).toContain(`Usage: ${command}`);
  });
});

it("halyard-migrate makes tables with the drivers that are installed", () => {
  const env = ["env", "DATABASE_URL=file:flags.db", "npx", "--no-install", "halyard-migrate"];
  const [program = "", ...args] = env;
  expect(project.run(program, args)).toMatch(/: made \(version \d+\)\.\n$/);
  expect(project.run(program, args)).toMatch(/nothing to do\.\n$/);
});

it.each(["module", "commonjs"])("type-check in a TypeScript project of type %s", (type) => {
  mkdirSync(join(project.folder, type));
  project.write(`${type}/package.json`, JSON.stringify({ private: true, type }));
  const json = type === "module" ? ' with { type: "json" }' : "";
  project.write(
    `${type}/index.ts`,
    specifiers
      .map((name, at) =>
        documents.includes(name)
          ? `import m${at} from "${name}"${json};\nvoid m${at};\n`
          : `import * as m${at} from "${name}";\nvoid m${at};\n`,
      )
      .join(""),
  );
  const compilerOptions = {
    module: "nodenext",
    target: "es2022",
    rootDir: "..",
    strict: true,
    exactOptionalPropertyTypes: true,
    resolveJsonModule: true,
    noEmit: true,
    types: ["node"],
  };
  project.write(`${type}/tsconfig.json`, JSON.stringify({ compilerOptions }));
  expect(project.typeErrors(tsc, ["-p", type])).toEqual([]);
});
