// How long `matches` takes on patterns that make backtracking engines hang, with the limit of its
// subjects lifted: `npm run bench:regex`. Fails when a subject of a hundred thousand characters
// takes 50 ms or more (half a second the first time), or when the time grows faster than the subject.
import { compileRegex } from "../../packages/core/src/evaluation/operators/regex/compile.ts";
import { installedRegexEngine } from "../../packages/server/src/config/regex-engine.ts";
import { HOSTILE_PATTERNS, SUBJECT_LENGTHS } from "./support/hostile-patterns.ts";

const ROUNDS = 7;
const LIMIT = 50;
const FIRST_LIMIT = 500;

/** Ten times the subject may take this many times as long: half of it is noise on a busy machine. */
const MOST_GROWTH = 20;

/** Milliseconds; less is what a clock and a collection of garbage blur. */
const MEASURABLE = 1;

const engine = installedRegexEngine();
let failed = false;

/** The best of several rounds: what is in the way makes it slower, nothing makes it faster. */
function time(test: (subject: string) => boolean, subject: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    test(subject);
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

console.log(
  `${"pattern".padEnd(30)}${"runs on".padEnd(10)}${SUBJECT_LENGTHS.join("      ")}     first (ms)`,
);
for (const { pattern, subject } of HOSTILE_PATTERNS) {
  const compiled = compileRegex(pattern, engine);
  if ("problem" in compiled) throw new Error(`${pattern} ${compiled.problem}`);
  // States are built by the first subject that leads to them, and remembered.
  const start = performance.now();
  compiled.test(subject(100_000));
  const first = performance.now() - start;
  const times = SUBJECT_LENGTHS.map((length) => time(compiled.test, subject(length)));
  const [, middle = 0, longest = 0] = times;
  const grows = longest > MEASURABLE && longest > MOST_GROWTH * Math.max(middle, MEASURABLE / 10);
  const wrong = longest >= LIMIT || first >= FIRST_LIMIT || grows;
  failed ||= wrong;
  const shown = times.map((each) => each.toFixed(3).padStart(9)).join(" ");
  const where = compiled.native ? "native" : "engine";
  console.log(
    `${pattern.padEnd(30)}${where.padEnd(8)}${shown}${first.toFixed(3).padStart(10)}${wrong ? "  TOO SLOW" : ""}`,
  );
}
process.exitCode = failed ? 1 : 0;
