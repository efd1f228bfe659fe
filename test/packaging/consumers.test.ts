import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodes, Project, tsc } from "./project.ts";

// Projects of users, in `test/consumers`: their own tests, on every version of Node.

const consumers = fileURLToPath(new URL("../consumers", import.meta.url));

describe.each(["javascript-esm", "javascript-cjs"])("%s", (name) => {
  const project = new Project();
  beforeAll(() => void project.copy(name).install());
  afterAll(() => project.remove());

  function passes(folder: string): void {
    const found = readdirSync(join(consumers, name, folder));
    const tests = found.filter((file) => file.endsWith(".test.js"));
    const runs = nodes.flatMap((node) => tests.map((file) => ({ ...node, file })));
    it.each(runs)("$file on Node $version", ({ program, withoutRequireOfModules, file }) => {
      project.run(program, [...withoutRequireOfModules, join(folder, file)]);
    });
  }

  passes("");
  describe("without re2js", () => passes("without-re2js"));
  describe("with re2js", () => {
    beforeAll(() => void project.npm("install", "re2js@2"));
    passes("with-re2js");
  });
});

describe("jest, as it comes", () => {
  const project = new Project();
  beforeAll(() => void project.copy("jest").install());
  afterAll(() => project.remove());

  it.each(nodes)("on Node $version", ({ program, withoutRequireOfModules }) => {
    project.run(program, [...withoutRequireOfModules, "node_modules/jest/bin/jest.js"]);
  });
});

describe("typescript", () => {
  const project = new Project();
  const types = ["module", "commonjs"];
  beforeAll(() => {
    project.copy("typescript").install();
    for (const type of types) {
      const folder = join(project.folder, type);
      mkdirSync(folder);
      for (const file of readdirSync(join(consumers, "typescript"))) {
        if (file !== "package.json") cpSync(join(project.folder, file), join(folder, file));
      }
      cpSync(join(project.folder, "shared"), join(folder, "shared"), { recursive: true });
      project.write(join(type, "package.json"), JSON.stringify({ private: true, type }));
    }
  });
  afterAll(() => project.remove());

  const runs = types.flatMap((type) =>
    ["express", "koa", "fastify"].flatMap((server) => [
      { type, server, compiler: "TypeScript 7", program: tsc, exact: "true" },
      { type, server, compiler: "TypeScript 7", program: tsc, exact: "false" },
    ]),
  );
  // Many times slower, so only once for each server.
  const older = { compiler: "TypeScript 5.9", program: "node_modules/typescript/bin/tsc" };
  for (const server of ["express", "koa", "fastify"]) {
    runs.push({ type: "commonjs", server, ...older, exact: "true" });
  }

  it.each(runs)("$file on Node $version", ({ program, withoutRequireOfModules, file }) => {
      project.run(program, [...withoutRequireOfModules, join(folder, file)]);
    });
  }

  passes("");
  describe("without re2js", () => passes("without-re2js"));
  describe("with re2js", () => {
    beforeAll(() => void project.npm("install", "re2js@2"));
    passes("with-re2js");
  });
});

describe("jest, as it comes", () => {
  const project = new Project();
  beforeAll(() => void project.copy("jest").install());
  afterAll(() => project.remove());

  it.each(nodes)("on Node $version", ({ program, withoutRequireOfModules }) => {
    project.run(program, [...withoutRequireOfModules, "node_modules/jest/bin/jest.js"]);
  });
});

describe("typescript", () => {
  const project = new Project();
  const types = ["module", "commonjs"];
  beforeAll(() => {
    project.copy("typescript").install();
    for (const type of types) {
      const folder = join(project.folder, type);
      mkdirSync(folder);
      for (const file of readdirSync(join(consumers, "typescript"))) {
        if (file !== "package.json") cpSync(join(project.folder, file), join(folder, file));
      }
      cpSync(join(project.folder, "shared"), join(folder, "shared"), { recursive: true });
      project.write(join(type, "package.json"), JSON.stringify({ private: true, type }));
    }
  });
  afterAll(() => project.remove());

  it.each(runs)(
    "$server in a project of type $type compiles with $compiler, exactOptionalPropertyTypes $exact",
    ({ type, server, program, exact }) => {
      const config = join(type, `tsconfig.${server}.json`);
      const args = ["-p", config, "--exactOptionalPropertyTypes", exact];
      expect(project.typeErrors(program, args)).toEqual([]);
    },
  );

  it.each(types.flatMap((type) => nodes.map((node) => ({ ...node, type }))))(
    "servers of type $type run on Node $version",
    ({ type, program, withoutRequireOfModules }) => {
      project.run(program, [...withoutRequireOfModules, join(type, "servers.test.mjs")]);
    },
  );
});
