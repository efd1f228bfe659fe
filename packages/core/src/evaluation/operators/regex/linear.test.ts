import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stepsPerCharacter } from "./linear.ts";
import type { Assertion, RegexNode } from "./node.ts";
import { parsePattern } from "./parse.ts";

/**
 * Searches as a backtracking engine without any optimisation does, and counts the characters and
 * assertions that it tests: what is linear here is linear in any such engine.
 */
function countSteps(root: RegexNode, subject: string): number {
  const text = Array.from(subject, (character) => character.codePointAt(0) as number);
  let steps = 0;

  const isWord = (at: number): boolean => /\w/.test(String.fromCodePoint(text[at] ?? 0));
  const holds: Record<Assertion, (at: number) => boolean> = {
    start: (at) => at === 0,
    end: (at) => at === text.length,
    wordBoundary: (at) => isWord(at - 1) !== isWord(at),
  };

  function run(node: RegexNode, at: number, then: (at: number) => boolean): boolean {
    switch (node.kind) {
      case "set": {
        steps++;
        const character = text[at];
        if (character === undefined) return false;
        for (let index = 0; index < node.set.length; index += 2) {
          if (character >= node.set[index]! && character <= node.set[index + 1]!)
            return then(at + 1);
        }
        return false;
      }
      case "assertion":
        steps++;
        return holds[node.holds](at) && then(at);
      case "sequence": {
        const next = (index: number, at: number): boolean => {
          const item = node.items[index];
          return item === undefined ? then(at) : run(item, at, (after) => next(index + 1, after));
        };
        return next(0, at);
      }
      case "alternatives":
        return node.options.some((option) => run(option, at, then));
      case "repeat": {
        const { item, min, max } = node;
        const again = (times: number, at: number): boolean => {
          const more =
            times < max &&
            run(item, at, (after) => (after > at || times < min) && again(times + 1, after));
          return more || (times >= min && then(at));
        };
        return again(0, at);
      }
    }
  }

  for (let at = 0; at <= text.length; at++) if (run(root, at, () => true)) break;
  return steps;
}

function parse(pattern: string): RegexNode {
  const parsed = parsePattern(pattern);
  if (parsed === undefined || "problem" in parsed) throw new Error(`not in the subset: ${pattern}`);
  return parsed;
}

describe("stepsPerCharacter", () => {
  it.each([
    ["a*a*b", "a"],
    ["(?:a|a){12}b", "a"],
    [".*.*x", "a"],
    ["\\d+x", "1"],
    ["a*b", "a"],
    ["^a*a*b", "a"],
    ["^(?:a+b?){2}c", "a"],
  ])("refuses %s, which %s makes slow", (pattern, unit) => {
    const node = parse(pattern);
    expect(stepsPerCharacter(node)).toBeUndefined();
    const steps = countSteps(node, unit.repeat(80));
    const stepsOfHalf = countSteps(node, unit.repeat(40));
    // Far more than twice the work for twice the subject, or a great deal for each character.
    expect(steps > 3 * stepsOfHalf || steps > 80 * 256).toBe(true);
  });

  it("refuses at once what would take forever", () => {
    expect(stepsPerCharacter(parse("(a+)+$"))).toBeUndefined();
    expect(stepsPerCharacter(parse("(a|a)*b"))).toBeUndefined();
    expect(stepsPerCharacter(parse("(?:(?:a{0,9}){0,9}){0,9}b"))).toBeUndefined();
  });

  it.each([
    ["abc", 3],
    ["^a+$", 5],
    ["^[^@]+@x$", 7],
    ["ab|c", 3],
    ["a{2,4}b", 7],
  ])("says how many steps %s takes for a character", (pattern, steps) => {
    expect(stepsPerCharacter(parse(pattern))).toBe(steps);
  });

  it("is never less than the steps that backtracking takes", () => {
    const set = fc.constantFrom("a", "a", "b", "c", "[ab]", "[^a]", ".", "\\w");
    const quantifier = fc.constantFrom(
      "",
      "",
      "*",
      "+",
      "?",
      "{2}",
      "{0,3}",
      "{1,2}",
      "{2,}",
      "*?",
    );
    const assertion = fc.constantFrom("^", "$", "\\b");
    const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
      piece: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        { weight: 5, arbitrary: fc.tuple(set, quantifier).map((parts) => parts.join("")) },
        { weight: 1, arbitrary: assertion },
        {
          weight: 2,
          arbitrary: fc
            .tuple(tie("pattern"), fc.constantFrom("", "?", "{2}", "{0,2}", "{1,3}"))
            .map(([inner, count]) => `(${inner})${count}`),
        },
      ),
      pattern: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        {
          weight: 4,
          arbitrary: fc.array(tie("piece"), { maxLength: 5 }).map((all) => all.join("")),
        },
        {
          weight: 1,
          arbitrary: fc.tuple(tie("pattern"), tie("pattern")).map((two) => two.join("|")),
        },
        { weight: 2, arbitrary: tie("pattern").map((inner) => `^${inner}`) },
      ),
    }));
    const part = fc
      .tuple(fc.constantFrom("a", "b", "ab", "aab", "ba", "c", "-"), fc.nat({ max: 40 }))
      .map(([unit, times]) => unit.repeat(times));
    const subject = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
    let tried = 0;
    let counted = 0;
    fc.assert(
      fc.property(
        pattern,
        fc.array(subject, { minLength: 4, maxLength: 4 }),
        (pattern, subjects) => {
          tried++;
          const node = parse(pattern);
          const most = stepsPerCharacter(node);
          if (most === undefined) return;
          counted++;
          for (const subject of subjects) {
            expect(countSteps(node, subject)).toBeLessThanOrEqual(most * (subject.length + 1));
          }
        },
      ),
      { numRuns: 5000 },
    );
    expect(counted).toBeGreaterThan(tried / 5);
  });
});
