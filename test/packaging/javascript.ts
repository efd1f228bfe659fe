import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, it } from "vitest";
import { nodes, Project } from "./project.ts";

const consumers = fileURLToPath(new URL("../consumers", import.meta.url));

/** A project of users who write JavaScript: their own tests, on every version of Node. */
export function javascriptProject(name: string): void {
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
}
