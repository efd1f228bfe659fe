import { expect, it } from "vitest";
import { describeReload } from "./reload-report.ts";

const many = Array.from({ length: 12 }, (_none, index) => `flag-${index}`);

it.each([
  ["names what has changed", ["beta"], "Reloaded features.yaml: beta changed, 20 flags loaded."],
  [
    "names ten at most",
    many,
    `Reloaded features.yaml: ${many.slice(0, 10).join(", ")}, and 2 more changed, 20 flags loaded.`,
  ],
  [
    "tells of no reload where nothing has",
    [],
    "Read features.yaml: no definition is different, 20 flags loaded.",
  ],
])("%s", (_name, changed, line) => {
  expect(describeReload(["features.yaml"], changed, 20)).toBe(line);
});
