import { isPlainObject } from "../json.ts";
import { at, type Findings, type Place } from "./problems.ts";

/**
 * Reads the fields of one written object, reporting what has the wrong type. Own properties
 * only; a field that is `undefined` is absent.
 */
export class ObjectReader {
  readonly raw: Readonly<Record<string, unknown>>;
  readonly place: Place | undefined;
  readonly findings: Findings;

  constructor(
    raw: Readonly<Record<string, unknown>>,
    place: Place | undefined,
    findings: Findings,
  ) {
    this.raw = raw;
    this.place = place;
    this.findings = findings;
  }

  /** A reader of `raw`, or a problem when it is no object. */
  static of(
    raw: unknown,
    place: Place | undefined,
    findings: Findings,
    what: string,
  ): ObjectReader | undefined {
    if (isPlainObject(raw)) return new ObjectReader(raw, place, findings);
    return findings.problem(place, `${what} must be an object, not ${describe(raw)}`);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get(name: string): unknown {
    const value = this.raw[name];
    // Most fields are absent, and then there is no second look.
    return value === undefined || Object.hasOwn(this.raw, name) ? value : undefined;
  }

  at(name: string): Place {
    return at(this.place, name);
  }

  /** The first of these names that is written; a problem when several are. */
  oneOf(names: readonly string[]): string | undefined {
    let first: string | undefined;
    for (const name of names) {
      if (!this.has(name)) continue;
      if (first === undefined) first = name;
      else this.problem(name, `stands beside \`${first}\`: write one of them`);
    }
    return first;
  }

  problem(name: string, message: string): undefined {
    return this.findings.problem(this.at(name), message);
  }

  string(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    return this.problem(name, `must be a non-empty string, not ${describe(value)}`);
  }

  /** Text for people; may be empty. */
  text(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined || typeof value === "string") return value;
    return this.problem(name, `must be a string, not ${describe(value)}`);
  }

  boolean(name: string): boolean | undefined {
    const value = this.get(name);
    if (value === undefined || typeof value === "boolean") return value;
    return this.problem(name, `must be true or false, not ${describe(value)}`);
  }

  /** A percentage, 0 to 100. */
  percentage(name: string): number | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value === "number" && value >= 0 && value <= 100) return value;
    return this.problem(name, `must be a number from 0 to 100, not ${describe(value)}`);
  }

  /** A list with at least one item. */
  list(name: string): readonly unknown[] | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.length > 0) return value;
    return this.problem(name, `must be a list with at least one item, not ${describe(value)}`);
  }

  /** A list of non-empty strings, each once. */
  strings(name: string): readonly string[] | undefined {
    const items = this.list(name);
    if (items === undefined) return undefined;
    if (items.every(isText)) return Object.freeze(items) as readonly string[];
    for (const [index, item] of items.entries()) {
      if (isText(item)) continue;
      const place = at(this.at(name), index);
      this.findings.problem(place, `must be a non-empty string, not ${describe(item)}`);
    }
    return undefined;
  }

  /** Reports the fields that are not among `known`; `x-*` may always be written. */
  finish(known: ReadonlySet<string>): void {
    for (const name in this.raw) {
      if (known.has(name) || name.startsWith("x-") || !this.has(name)) continue;
      this.problem(name, `unknown field; known are ${[...known].join(", ")}`);
    }
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** A value as a message shows it: short, and never the whole of something large. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  switch (typeof value) {
    case "string":
      return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`;
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      return isPlainObject(value) ? "an object" : "an instance of a class";
    default:
      return `a ${typeof value}`;
  }
}
