import type { Written } from "./conditions.ts";

export interface Flag {
  readonly key: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly environments: readonly string[] | undefined;
  readonly variants: readonly Variant[];
  readonly default: unknown;
  readonly off: unknown;
  readonly prerequisites: readonly { flag: string; variant: string | number }[];
  readonly targets: readonly { attribute: string; variant: number; values: readonly unknown[] }[];
  readonly rules: readonly Rule[];
  readonly fallthrough: Serve | undefined;
  readonly schedule: readonly { from: number; percentage: number }[];
  readonly overridable: boolean;
  readonly metadata: unknown;
}

export interface Variant {
  readonly name: string;
  readonly value: unknown;
}

export interface Rule {
  readonly id: string;
  readonly when: unknown;
  readonly serve: Serve;
}

export interface Serve {
  readonly by: string;
  readonly salt: string;
  readonly ranges: readonly Range[];
  readonly experiment: boolean;
  /** Whether who is missed goes on to the next rule, as by a percentage. */
  readonly passesOn: boolean;
  readonly percentageWritten: boolean;
}

export interface Range {
  readonly variant: number;
  readonly from: number;
  readonly to: number;
}

const DEFINITION_FIELDS = [
  "name description type enabled environments default off variants prerequisites targets rules",
  "fallthrough schedule overridable client tags owner expires metadata percentage conditions",
  "createdAt updatedAt version",
]
  .join(" ")
  .split(" ");

export function isDefinition(written: Written): boolean {
  return Object.keys(written).some((field) => DEFINITION_FIELDS.includes(field));
}

const TYPES: Record<string, string> = {
  bool: "boolean",
  int: "integer",
  float: "number",
  object: "json",
};

/** The declared type, else that of the first value that is written, else boolean. */
export function typeOf(written: Written): string {
  const declared = written.type as string | undefined;
  if (declared !== undefined) return TYPES[declared] ?? declared;
  const values = variantsOf(written.variants).map((variant) => variant.value);
  if ("default" in written) values.push(written.default);
  if ("off" in written) values.push(written.off);
  if (values.length === 0) return "boolean";
  return typeof values[0] === "object" ? "json" : typeof values[0];
}

export function variantsOf(written: unknown): Variant[] {
  if (written === undefined) return [];
  if (Array.isArray(written)) {
    return written.map((variant) => ({ name: variant.name, value: variant.value }));
  }
  return Object.entries(written as Written).map(([name, value]) => ({ name, value }));
}

export function fits(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isSafeInteger(value);
  if (type === "number") return typeof value === "number" && Number.isFinite(value);
  return type === "json" || typeof value === type;
}

export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Written;
  const right = b as Written;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]))
  );
}
