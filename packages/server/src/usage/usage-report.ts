import { type CompiledFlag, HalyardError, parseDate, type Snapshot } from "@halyard/core";
import { checkFields, type FieldRules } from "../check-fields.ts";
import type { GuardList } from "../guard/guard-list.ts";
import { RESOLUTION, type ReadCount, type ReadCounter, type Route } from "./read-counter.ts";

/** Which flags are in use, as far as this one process knows. */
export interface UsageReport {
  /** Reads are counted, by the option `usage`. Without it only expiry is known. */
  readonly counted: boolean;
  /** Since when; epoch milliseconds. */
  readonly since: number;
  /** When this was said; epoch milliseconds. */
  readonly at: number;
  /** How long is long. */
  readonly days: number;
  /** Times of reads may be so many milliseconds late. */
  readonly resolution: number;
  /** All flags, by key. */
  readonly flags: readonly FlagUsage[];
}

export const USAGE_FINDINGS = ["expired", "never-read", "unread", "one-value"] as const;

/**
 * What speaks against a flag: it is past `expires`; nobody has read it since this process began, or
 * for the days that were asked for; or all that it gave in those days is one value.
 */
export type UsageFinding = (typeof USAGE_FINDINGS)[number];

export interface FlagUsage {
  readonly key: string;
  readonly owner: string | undefined;
  readonly expires: string | undefined;
  /** Since when its reads are counted; epoch milliseconds. */
  readonly since: number;
  readonly reads: number;
  /** Epoch milliseconds; absent before the first. */
  readonly lastRead: number | undefined;
  /** What reads gave: `true`, `false`, else variants' names; last read first. */
  readonly values: readonly {
    readonly value: string;
    readonly reads: number;
    readonly lastRead: number | undefined;
  }[];
  /** Where it was read, last read first, at most 100. Reads in middleware are at `/*`. */
  readonly routes: readonly (Route & {
    readonly reads: number;
    readonly lastRead: number | undefined;
  })[];
  /** Routes that it guards, as `GET /beta`: read or not, the code names it. */
  readonly guards: readonly string[];
  /** Flags that have it as a prerequisite: their reads evaluate it. */
  readonly requiredBy: readonly string[];
  readonly findings: readonly UsageFinding[];
}

export interface UsageOptions {
  /** How long a flag has to be unread, or give one value, to be found. Default 30. */
  readonly days?: number | undefined;
}

const DAYS = 30;
const MAX_DAYS = 3650;
const DAY = 86_400_000;
const MOST_ROUTES = 100;

const RULES: FieldRules<UsageOptions> = {
  days: {
    expected: `a number of days, above 0 and up to ${MAX_DAYS}`,
    accepts: (value) => typeof value === "number" && value > 0 && value <= MAX_DAYS,
  },
};

interface Parts {
  readonly counter: ReadCounter | undefined;
  readonly snapshot: Snapshot;
  readonly guards: GuardList;
  readonly now: number;
}

/** Throws `INVALID_OPTIONS`. */
export function usageReport(parts: Parts, options: UsageOptions = {}): UsageReport {
  checkUsageOptions(options);
  const { days = DAYS } = options;
  const { counter, snapshot, now } = parts;
  const reporter = new Reporter(parts, now - days * DAY);
  const flags = [...snapshot.flags.values()].map((flag) => reporter.usageOf(flag));
  flags.sort((a, b) => (a.key < b.key ? -1 : 1));
  const since = counter?.since ?? now;
  return { counted: counter !== undefined, since, at: now, days, resolution: RESOLUTION, flags };
}

function checkUsageOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw new HalyardError("INVALID_OPTIONS", "usage takes an object: f.usage({ days: 30 }).");
  }
  checkFields("", options, RULES);
}

class Reporter {
  readonly #counter: ReadCounter | undefined;
  readonly #now: number;
  /** What is older is long ago; epoch milliseconds. */
  readonly #from: number;
  readonly #counts: ReadonlyMap<string, readonly ReadCount[]>;
  readonly #guards: ReadonlyMap<string, readonly string[]>;
  readonly #requiredBy: ReadonlyMap<string, readonly string[]>;

  constructor({ counter, snapshot, guards, now }: Parts, from: number) {
    this.#counter = counter;
    this.#now = now;
    this.#from = from;
    this.#counts = grouped((counter?.look() ?? []).map((count) => [count.flagKey, count] as const));
    this.#guards = grouped(
      guards
        .routes()
        .flatMap(({ flags, method, route }) =>
          flags.map((key) => [key, `${method} ${route}`] as const),
        ),
    );
    this.#requiredBy = grouped(
      [...snapshot.flags.values()].flatMap(({ key, flag }) =>
        (flag.prerequisites ?? []).map(({ flag: required }) => [required, key] as const),
      ),
    );
  }

  usageOf({ key, flag: { owner, expires } }: CompiledFlag): FlagUsage {
    const counts = this.#counts.get(key) ?? [];
    const values = summed(counts, ({ value }) => value).map(([{ value }, sum]) => ({
      value,
      ...sum,
    }));
    const routes = summed(counts, ({ route }) => route).flatMap(([{ route }, sum]) =>
      route === undefined ? [] : [{ ...route, ...sum }],
    );
    return {
      key,
      owner,
      expires,
      since: this.#counter?.knownSince(key) ?? this.#now,
      reads: counts.reduce((sum, { reads }) => sum + reads, 0),
      lastRead: latest(counts),
      values,
      routes: routes.slice(0, MOST_ROUTES),
      guards: [...new Set(this.#guards.get(key))],
      requiredBy: this.#requiredBy.get(key) ?? [],
      findings: this.#findings(key, expires, values),
    };
  }

  #findings(key: string, expires: string | undefined, values: FlagUsage["values"]): UsageFinding[] {
    const findings: UsageFinding[] = [];
    if (expires !== undefined && (parseDate(expires) ?? Number.POSITIVE_INFINITY) <= this.#now) {
      findings.push("expired");
    }
    if (this.#counter === undefined) return findings;
    const lastUse = this.#lastUse(key, new Set());
    if (lastUse === undefined) findings.push("never-read");
    // Of a time that was not watched nothing can be said.
    if (this.#counter.knownSince(key) > this.#from) return findings;
    if (lastUse !== undefined && lastUse < this.#from) findings.push("unread");
    const given = values.filter(({ lastRead = 0 }) => lastRead >= this.#from);
    if (given.length === 1) findings.push("one-value");
    return findings;
  }

  /** When the flag was evaluated last, for itself or for one that needs it. */
  #lastUse(key: string, seen: Set<string>): number | undefined {
    if (seen.has(key)) return undefined;
    seen.add(key);
    const own = latest(this.#counts.get(key) ?? []);
    const others = (this.#requiredBy.get(key) ?? []).map((other) => this.#lastUse(other, seen));
    const times = [own, ...others].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.max(...times);
  }
}

function grouped<T>(pairs: Iterable<readonly [key: string, value: T]>): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

interface Sum {
  readonly reads: number;
  readonly lastRead: number | undefined;
}

/** Counts that are alike in something, with one of them; last read first. */
function summed(
  counts: readonly ReadCount[],
  by: (count: ReadCount) => unknown,
): readonly (readonly [ReadCount, Sum])[] {
  const sums = new Map<unknown, readonly [ReadCount, Sum]>();
  for (const count of counts) {
    const name = by(count);
    const [first, { reads, lastRead }] = sums.get(name) ?? [
      count,
      { reads: 0, lastRead: undefined },
    ];
    const sum = { reads: reads + count.reads, lastRead: later(lastRead, count.lastRead) };
    sums.set(name, [first, sum]);
  }
  return [...sums.values()].sort(([, a], [, b]) => (b.lastRead ?? 0) - (a.lastRead ?? 0));
}

function latest(counts: readonly Sum[]): number | undefined {
  return counts.reduce<number | undefined>(
    (time, { lastRead }) => later(time, lastRead),
    undefined,
  );
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.max(one, other);
}
