import { murmur3 } from "@halyard/core";
import { type Contestant, inTurn } from "../contestant.ts";
import { type BenchClause, type BenchFlag, type BenchUser, KEYS, user } from "../flags.ts";

// What a good programmer would write by hand for just these flags: a Map of closures over prepared
// sets, and the user's key hashed once. No overrides, no details, no checks, no fallback values.

type Value = boolean | string;

class Subject {
  readonly user: BenchUser;
  #hash = -1;

  constructor(user: BenchUser) {
    this.user = user;
  }

  get hash(): number {
    if (this.#hash < 0) this.#hash = murmur3(this.user.id);
    return this.#hash;
  }
}

type Evaluate = (subject: Subject) => Value;

class Flags {
  readonly #flags: ReadonlyMap<string, Evaluate>;

  constructor(flags: ReadonlyMap<string, Evaluate>) {
    this.#flags = flags;
  }

  read(key: string, subject: Subject, fallback: Value): Value {
    const evaluate = this.#flags.get(key);
    return evaluate === undefined ? fallback : evaluate(subject);
  }

  all(subject: Subject): Record<string, Value> {
    const values: Record<string, Value> = {};
    for (const [key, evaluate] of this.#flags) values[key] = evaluate(subject);
    return values;
  }
}

export const ceiling: Contestant = {
  name: "hand-written",
  open: (written, users) => {
    const flags = new Flags(new Map(written.map((flag) => [flag.key, evaluator(flag)])));
    const subject = new Subject(user);
    const keys = written.map(({ key }) => key);
    const { off, on, rule, rollout, variants, ten, semver } = KEYS;
    return {
      off: { run: () => flags.read(off, subject, false) },
      on: { run: () => flags.read(on, subject, false) },
      rule: { run: () => flags.read(rule, subject, false) },
      rollout: { run: () => flags.read(rollout, subject, false) },
      variants: { run: () => flags.read(variants, subject, "") },
      ten: { run: () => flags.read(ten, subject, false) },
      semver: { run: () => flags.read(semver, subject, false) },
      missing: { run: () => flags.read("missing", subject, false) },
      another: {
        run: (index) => flags.read(inTurn(keys, index), new Subject(inTurn(users, index)), false),
      },
      all: {
        run: () => flags.all(new Subject(user)),
        plain: (all: object) => Object.keys(all).length,
      },
    };
  },
};

function evaluator({ key, enabled, split, rules, percentage }: BenchFlag): Evaluate {
  if (!enabled) return () => false;
  const salt = murmur3(key);
  if (split !== undefined) {
    let limit = 0;
    const ranges = Object.entries(split).map(([value, weight]) => {
      limit += weight / 100;
      return { value, limit };
    });
    return (subject) => {
      const place = mix(subject.hash ^ salt);
      for (const range of ranges) if (place < range.limit) return range.value;
      return "";
    };
  }
  const tests = rules.map(({ clauses }) => clauses.map(tester));
  if (percentage === 100) return () => true;
  return (subject) => {
    for (const rule of tests) if (holds(rule, subject.user)) return true;
    return percentage > 0 && mix(subject.hash ^ salt) < percentage / 100;
  };
}

type Test = (user: BenchUser) => boolean;

function holds(tests: readonly Test[], user: BenchUser): boolean {
  for (const test of tests) if (!test(user)) return false;
  return true;
}

function tester(clause: BenchClause): Test {
  const attribute = clause.attribute as keyof BenchUser;
  if (clause.op === "in") {
    const values = new Set(clause.values);
    return (user) => values.has(user[attribute]);
  }
  if (clause.op === "matches") {
    const pattern = new RegExp(clause.value);
    return (user) => pattern.test(user[attribute]);
  }
  const least = version(clause.value);
  return (user) => {
    const own = version(user[attribute]);
    for (let part = 0; part < 3; part++) {
      const difference = (own[part] ?? 0) - (least[part] ?? 0);
      if (difference !== 0) return difference > 0;
    }
    return false;
  };
}

function version(text: string): number[] {
  return text.split(".").map(Number);
}

/** Murmur3's finaliser, as a number from 0 to 1. */
function mix(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
