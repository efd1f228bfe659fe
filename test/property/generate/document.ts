import type { WrittenOverride } from "../reference.ts";
import { buildContext } from "./attributes.ts";
import { buildCondition, type Written } from "./conditions.ts";
import { buildFlag, buildSkeleton } from "./flags.ts";
import type { Skeleton } from "./serves.ts";
import type { Tape } from "./tape.ts";

/** A valid document, with everything that its evaluation depends on. */
export interface Scene {
  readonly document: Written;
  readonly keys: readonly string[];
  readonly environment: string | undefined;
  readonly now: number;
  readonly overrides: readonly WrittenOverride[];
  readonly contexts: readonly Record<string, unknown>[];
}

const KEYS = [
  "new-checkout",
  "f1",
  "Team/beta.x",
  "users.signup",
  "42",
  "F1",
  "a_b",
  "users.deep.x",
];

const NOW: number = Date.parse("2026-06-15T11:00:00Z");

export function buildScene(tape: Tape, subjects: Tape, contexts = 10): Scene {
  const segments = ["beta", "staff", "eu"].slice(0, tape.below(4));
  const skeletons = KEYS.slice(0, 2 + tape.below(5)).map((key) => buildSkeleton(tape, key));
  const flags: Written = {};
  const earlier: Skeleton[] = [];
  for (const skeleton of skeletons) {
    const written = buildFlag(tape, skeleton, { earlier, segments });
    write(tape, flags, skeleton.key, written);
    earlier.push(skeleton);
  }
  const document: Written = { flags };
  if (segments.length > 0) {
    const named = segments.map((name, index) => {
      return [name, buildCondition(tape, 2, segments.slice(0, index))] as const;
    });
    document.segments = Object.fromEntries(named);
  }
  const keys = skeletons.map(({ key }) => key);
  if (tape.chance(20)) document.aliases = { old: keys[0], older: "old" };
  if (tape.chance(20)) document.feature_flags = [buildListed(tape)];
  return {
    document,
    keys: [
      ...keys,
      ...(tape.chance(15) ? ["older", " f1 ", "listed", "ghost", "no such flag"] : []),
    ],
    environment: tape.pick(["production", "staging", undefined]),
    now: NOW + tape.pick([0, 3_599_999, 3_600_000, 3_600_001, 4e10, -7e10]),
    overrides: tape.chance(30)
      ? tape.list(1, 3, () => buildOverride(tape, [...keys, "ghost"]))
      : [],
    contexts: subjects.list(contexts, contexts, () => buildContext(subjects)),
  };
}

/** As it stands, or in nested groups where it is a boolean and its key has dots. */
function write(tape: Tape, flags: Written, key: string, written: unknown): void {
  const [group, name] = key.split(".", 2) as [string, string];
  if (typeof written !== "boolean" || !key.startsWith("users.s") || tape.chance(40)) {
    flags[key] = written;
  } else flags[group] = { [name]: written };
}

function buildListed(tape: Tape): Written {
  const entry: Written = { name: "listed" };
  if (tape.chance(50)) entry.enabled = tape.chance(70);
  if (tape.chance(30)) entry.description = "One of a list";
  if (tape.chance(40)) entry.percentage = tape.pick([50, 0, 100, 12.5]);
  return entry;
}

function buildOverride(tape: Tape, keys: readonly string[]): WrittenOverride {
  const layer = tape.pick(["local", "system", "emergency"] as const);
  const value = tape.pick([true, false, "red", "blue", 1, 0.5, { a: 1, b: [] }]);
  const expiresAt =
    layer !== "emergency" && tape.chance(30) ? NOW + tape.pick([0, 1, -1]) : undefined;
  return { flagKey: tape.pick(keys), layer, value, expiresAt };
}
