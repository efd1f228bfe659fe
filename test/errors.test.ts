import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { read, root, tableBelow } from "./readme/snippets.ts";

// The list of errors and warnings says what the sources do, and the other way round.

const page = "packages/core/ERRORS.md";

const sources = readdirSync(join(root, "packages"), { recursive: true, encoding: "utf8" })
  .filter((file) => /\/src\/.*\.ts$/.test(file.replaceAll("\\", "/")))
  .filter((file) => !file.includes("node_modules") && !file.includes(".test."))
  .filter((file) => !/core.src.errors\.ts$/.test(file))
  .map((file) => readFileSync(join(root, "packages", file), "utf8"))
  .join("\n");

describe("errors", () => {
  const [, union = ""] =
    /type HalyardErrorCode =([^;]+);/.exec(read("packages/core/src/errors.ts")) ?? [];
  const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  const rows = tableBelow(page, "Errors");

  it("are listed, all of them and no others, in their order", () => {
    expect(codes.length).toBeGreaterThan(10);
    expect(rows.map(([code]) => code)).toEqual(codes);
  });

  it("say what to do, unless nothing raises them yet", () => {
    const wrong = rows.filter(([code, happened = "", what = ""]) => {
      const raised = new RegExp(`["\`]${code}["\`:]`).test(sources);
      return raised === happened.startsWith("Reserved") || raised !== what.length > 0;
    });
    expect(wrong).toEqual([]);
  });
});

it("warnings are listed, all of them and no others", () => {
  const raised = [
    ...[...sources.matchAll(/\.misuse\(\s*"(\w+)"/g)].map(([, code]) => `HALYARD_${code}`),
    // Given to `process.emitWarning` by what has no log.
    ...[...sources.matchAll(/code: "(HALYARD_\w+)"/g)].map(([, code]) => code),
  ];
  const rows = tableBelow(page, "Warnings");
  expect(rows.map(([code]) => code).toSorted()).toEqual([...new Set(raised)].toSorted());
  expect(rows.filter((cells) => cells.some((cell) => cell === ""))).toEqual([]);
});
