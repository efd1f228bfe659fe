import { afterAll, beforeAll, it } from "vitest";
import { nodes, Project } from "./project.ts";

// Jest, as it comes.

const project = new Project();
beforeAll(() => void project.copy("jest").install());
afterAll(() => project.remove());

it.each(nodes)("on Node $version", ({ program, withoutRequireOfModules }) => {
  project.run(program, [...withoutRequireOfModules, "node_modules/jest/bin/jest.js"]);
});
