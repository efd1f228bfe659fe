import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import {
  compileSnapshot,
  FlagClient,
  loadDocument,
  runToEnd,
} from "../../packages/core/src/index.ts";
import { installedRegexEngine } from "../../packages/server/src/config/regex-engine.ts";
import { regexEngine } from "../property/harness.ts";
import { HOSTILE_PATTERNS, SUBJECT_LENGTHS } from "./support/hostile-patterns.ts";

/** How often the engine that is installed with the server looks at a character of a subject. */
function readsOf(pattern: string, subject: string): number {
  let reads = 0;
  const counted = new Proxy(Array.from(Buffer.from(subject)), {
    get(bytes, property) {
      if (typeof property === "string" && property !== "length") reads++;
      return Reflect.get(bytes, property);
    },
  });
  RE2JS.compile(pattern).test(counted);
  return reads;
}

describe("matches, with the limit of its subjects lifted", () => {
  it.each(HOSTILE_PATTERNS)(
    "$pattern looks at each character a few times",
    ({ pattern, subject }) => {
      const counts = SUBJECT_LENGTHS.map((length) => readsOf(pattern, subject(length)) / length);
      // Work on a small constant per character, the same for a hundred times as many of them.
      expect(Math.max(...counts)).toBeLessThan(100);
      expect(counts.at(-1)).toBeLessThanOrEqual(1.5 * counts[0]! + 1);
    },
  );

  it.each(HOSTILE_PATTERNS)("$pattern ends at a hundred thousand", ({ pattern, subject }) => {
    const when = { attribute: "text", op: "matches", values: [pattern] };
    const document = { flags: { f: { rules: [{ id: "r", when }] } } };
    const engine = installedRegexEngine();
    const set = loadDocument(document, { regexEngine: engine });
    const options = { regexEngine: engine, counters: { oversizedSubjects: 0 } };
    const read = (maxSubjectLength: number | undefined, text: string) => {
      const snapshot = runToEnd(compileSnapshot(set, { ...options, maxSubjectLength }));
      const host = { snapshot, defaultEnabled: false, track: () => {} };
      return new FlagClient(host, { text }).enabled("f");
    };
    const [short] = SUBJECT_LENGTHS;
    const expected = regexEngine.compile(pattern)(subject(short));
    expect(read(Number.POSITIVE_INFINITY, subject(short))).toBe(expected);
    expect(options.counters.oversizedSubjects).toBe(0);
    // Backtracking would not come back from this one before the test is given up.
    read(Number.POSITIVE_INFINITY, subject(100_000));
    expect(options.counters.oversizedSubjects).toBe(0);
    expect(read(undefined, subject(100_000))).toBe(false);
    expect(options.counters.oversizedSubjects).toBe(1);
  });
});
