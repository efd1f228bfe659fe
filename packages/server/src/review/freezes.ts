import { isPlainObject } from "@halyard/core";

/** A time in which nothing is changed: once, or each week. */
export interface FreezeWindow {
  /** A time with its zone, as `2027-12-20T00:00:00Z`, or a day and time in UTC, as `Fri 16:00`. */
  readonly from: string;
  /** Of the same kind; that moment itself is outside. */
  readonly to: string;
  /** Said to those who are refused. */
  readonly name?: string | undefined;
}

/** A freeze that is on. */
export interface Freeze {
  readonly name: string | undefined;
  /** When it ends, with those that follow at once; epoch milliseconds. */
  readonly until: number;
}

interface Parsed {
  readonly name: string | undefined;
  /** When the window ends that `now` is in; `undefined` outside. */
  readonly endAt: (now: number) => number | undefined;
}

const MINUTE = 60_000;
const WEEK = 7 * 24 * 60 * MINUTE;

/** The first Sunday since the epoch. */
const SUNDAY = 3 * 24 * 60 * MINUTE;

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;

/** `undefined` for what is no window. */
export function parseWindow(given: unknown): Parsed | undefined {
  if (!isPlainObject(given)) return undefined;
  const { from, to, name, ...rest } = given;
  const isNamed = name === undefined || (typeof name === "string" && name.length <= 200);
  if (Object.keys(rest).length > 0 || !isNamed) return undefined;
  const [start, end] = [timeOf(from), timeOf(to)];
  if (start !== undefined && end !== undefined) {
    if (start >= end) return undefined;
    return { name, endAt: (now) => (start <= now && now < end ? end : undefined) };
  }
  const [first, last] = [inWeek(from), inWeek(to)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const length = (last - first + WEEK) % WEEK;
  return {
    name,
    endAt: (now) => {
      // Since the window began last.
      const passed = (((now - SUNDAY - first) % WEEK) + WEEK) % WEEK;
      return passed < length ? now - passed + length : undefined;
    },
  };
}

function timeOf(text: unknown): number | undefined {
  if (typeof text !== "string" || !TIME.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** Milliseconds since the beginning of the week. */
function inWeek(text: unknown): number | undefined {
  const match = typeof text === "string" ? /^(\w{3}) (\d\d):(\d\d)$/.exec(text) : null;
  const day = DAYS.indexOf(match?.[1]?.toLowerCase() ?? "");
  const [hours, minutes] = [Number(match?.[2]), Number(match?.[3])];
  if (day < 0 || !(hours < 24) || !(minutes < 60)) return undefined;
  return ((day * 24 + hours) * 60 + minutes) * MINUTE;
}

/** The times in which nothing is changed. */
export class Freezes {
  readonly #windows: readonly Parsed[];

  constructor(windows: readonly FreezeWindow[] = []) {
    this.#windows = windows.flatMap((window) => parseWindow(window) ?? []);
  }

  /** The freeze that is on at a time; `undefined` when there is none. */
  at(now: number): Freeze | undefined {
    let freeze: Freeze | undefined;
    // Each once: windows that follow one another for ever have no end that could be told.
    for (let steps = 0; steps <= this.#windows.length; steps++) {
      const next = this.#next(freeze?.until ?? now);
      if (next === undefined) break;
      freeze = { name: freeze?.name ?? next.name, until: next.until };
    }
    return freeze;
  }

  /** Of those that are on, the one that ends last. */
  #next(now: number): Freeze | undefined {
    let longest: Freeze | undefined;
    for (const { name, endAt } of this.#windows) {
      const until = endAt(now);
      if (until !== undefined && until > (longest?.until ?? now)) longest = { name, until };
    }
    return longest;
  }
}
