import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseBytes } from "./parse.ts";
import { OffThreadParser } from "./parse-off-thread.ts";

const bytesOf = (text: string) => Buffer.from(text);

describe("a thread of its own", () => {
  test("gives what parsing here gives", async () => {
    const parser = new OffThreadParser();
    const flags = Array.from({ length: 9000 }, (_, i) => [`f${i}`, { rules: [{ serve: i }] }]);
    const json = JSON.stringify({ flags: Object.fromEntries(flags) });
    const yaml = flags.map(([key]) => `${key}:\n  rules:\n    - serve: "on"\n`).join("");
    try {
      for (const [text, format] of [
        [yaml, "yaml"],
        [json, "json"],
      ] as const) {
        const there = await parser.parse({ name: "f", bytes: bytesOf(text), format }, undefined);
        expect(there).toEqual(parseBytes(bytesOf(text), format));
      }
      const bad = { name: "f", bytes: bytesOf("a: 1\na: 2\n"), format: "yaml" } as const;
      expect(await parser.parse(bad, undefined)).toMatchObject({ problems: [{ line: 2 }] });
    } finally {
      await parser.close();
    }
  });

  const text = { name: "big.yaml", bytes: bytesOf("flags: {}"), format: "yaml" } as const;

  test.each([
    ["process.exit(3)", "ended with code 3"],
    ["throw new Error('boom')", "boom"],
    ["for (;;) {}", "longer than 0.5 seconds"],
  ])("that does `%s` fails the read", async (code, message) => {
    const entry = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const parser = new OffThreadParser({ entry, timeLimit: 500 });
    await expect(parser.parse(text, undefined)).rejects.toMatchObject({
      code: "SOURCE_READ_FAILED",
      message: expect.stringMatching(new RegExp(`^big\\.yaml can't be parsed: .*${message}`)),
    });
  });

  test("that can't be started is done without, and says so", async () => {
    const warnings: (string | undefined)[] = [];
    const onWarning = (warning: Error & { code?: string }) => warnings.push(warning.code);
    process.on("warning", onWarning);
    try {
      const entry = new URL("./not-there.js", import.meta.url);
      const parser = new OffThreadParser({ entry, threads: { available: true } });
      for (let read = 0; read < 3; read++) {
        expect(await parser.parse(text, undefined)).toMatchObject({ document: { flags: {} } });
      }
      await expect.poll(() => warnings).toEqual(["HALYARD_NO_PARSER_THREAD"]);
    } finally {
      process.off("warning", onWarning);
    }
  });

  test("needs nothing but parsers", () => {
    // Threads do not resolve the workspace's packages as tests do, and should start fast.
    for (const file of ["parse-worker", "parse", "slices", "share", "text", "outline"]) {
      const source = readFileSync(new URL(`./${file}.ts`, import.meta.url), "utf8");
      expect(source).not.toMatch(/^import (?!type)[^;]*@halyard/m);
    }
  });
});
