import { isPlainObject } from "../json.ts";
import type { FlagType, Rollout, Serve, Variant, Weight } from "./flag.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import { at, type Findings, type Place } from "./problems.ts";
import { variantIndex } from "./variant-index.ts";
import { PERCENT_SCALE, TOTAL_TOLERANCE, weightThreshold } from "./weights.ts";

/** What serving needs to know of the flag. */
export interface ServedFlag {
  readonly type: FlagType;
  readonly variants: readonly Variant[];
}

/** The fields that may say what is served; one of them is written. */
const SERVED_BY: readonly string[] = ["serve", "variation", "rollout"];
export const SERVE_FIELDS: readonly string[] = ["serve", "variation", "percentage", "rollout"];

/** The fields that may name a variant, in lists of them. */
export const VARIANT_FIELDS: readonly string[] = ["variant", "variation"];

/** The serving part of a rule or a fallthrough; `undefined` when it has problems. */
export function parseServe(reader: ObjectReader, flag: ServedFlag): Serve | undefined {
  const { findings, place } = reader;
  const field = reader.oneOf(SERVED_BY);
  const percentage = reader.percentage("percentage");
  if (field === "rollout") {
    if (reader.has("percentage")) {
      return reader.problem("percentage", "goes with `serve`, not with `rollout`");
    }
    const rollout = parseRollout(reader.get("rollout"), reader.at("rollout"), flag, findings);
    return rollout && { rollout };
  }
  const serve =
    field === undefined
      ? onVariant(flag)
      : parseVariantReference(reader.get(field), reader.at(field), flag, findings);
  if (serve === undefined) {
    if (field !== undefined) return undefined;
    return findings.problem(
      place,
      flag.type === "boolean"
        ? "no variant is true: say which one to `serve`"
        : "`serve` or `rollout` is missing",
    );
  }
  if (reader.has("percentage") && percentage === undefined) return undefined;
  return { serve, percentage };
}

/** What a boolean flag serves when it only says "on": its first variant that is true. */
export function onVariant(flag: ServedFlag): string | undefined {
  if (flag.type !== "boolean") return undefined;
  return flag.variants.find((variant) => variant.value === true)?.name;
}

/** A variant by name (text) or index (number), as its name. */
export function parseVariantReference(
  raw: unknown,
  place: Place,
  { variants }: ServedFlag,
  findings: Findings,
): string | undefined {
  const variant = variants[typeof raw === "number" ? raw : variantIndex(variants, raw)];
  if (variant !== undefined) return variant.name;
  const names = variants.map(({ name }) => name).join(", ");
  const known = variants.length === 0 ? "the flag declares none" : `known are ${names}`;
  return findings.problem(place, `unknown variant ${describe(raw)}; ${known}`);
}

const BY_FIELDS: readonly string[] = ["by", "bucketBy"];
const WEIGHTS_FIELDS: readonly string[] = ["weights", "variations"];
const ROLLOUT_FIELDS: ReadonlySet<string> = new Set([
  ...BY_FIELDS,
  "salt",
  ...WEIGHTS_FIELDS,
  "unit",
  "experiment",
]);

function parseRollout(
  raw: unknown,
  place: Place,
  flag: ServedFlag,
  findings: Findings,
): Rollout | undefined {
  const reader = ObjectReader.of(raw, place, findings, "`rollout`");
  if (reader === undefined) return undefined;
  reader.finish(ROLLOUT_FIELDS);
  const byField = reader.oneOf(BY_FIELDS);
  const written = byField === undefined ? undefined : reader.string(byField);
  const by = byField === "bucketBy" && written === "key" ? "targetingKey" : written;
  const salt = reader.string("salt");
  const experiment = reader.boolean("experiment");
  const field = reader.oneOf(WEIGHTS_FIELDS);
  if (field === undefined) return findings.problem(place, "`weights` is missing");
  const unit = parseUnit(reader, field);
  const weights = parseWeights(reader.get(field), reader.at(field), unit, flag, findings);
  return weights && { by, salt, weights, unit, experiment };
}

function parseUnit(reader: ObjectReader, field: string): 100000 | undefined {
  const unit = reader.get("unit");
  if (unit === undefined) return field === "variations" ? PERCENT_SCALE_UNIT : undefined;
  if (unit === PERCENT_SCALE_UNIT) return PERCENT_SCALE_UNIT;
  return reader.problem("unit", `must be ${PERCENT_SCALE_UNIT} or absent, not ${describe(unit)}`);
}

const PERCENT_SCALE_UNIT = 100_000;

interface WrittenWeight extends Weight {
  readonly place: Place;
  /** Where the variant is named, if not in the same place. */
  readonly variantPlace?: Place;
}

/** `{ variant: weight }` or `[{ variant, weight }]`, in the order of the flag's variants. */
function parseWeights(
  raw: unknown,
  place: Place,
  unit: 100000 | undefined,
  flag: ServedFlag,
  findings: Findings,
): readonly Weight[] | undefined {
  const before = findings.problems.length;
  const written = Array.isArray(raw)
    ? raw.flatMap((item, index) => parseListed(item, at(place, index), flag, findings))
    : isPlainObject(raw)
      ? Object.entries(raw).flatMap(([name, weight]) =>
          parseMapped(name, weight, place, flag, findings),
        )
      : [];
  if (findings.problems.length > before) return undefined;
  if (written.length === 0) {
    return findings.problem(place, `must give at least one variant a weight, not ${describe(raw)}`);
  }
  return checkWeights(written, place, unit, flag, findings);
}

/** Each variant at most once, each weight in its unit, and no more than the whole in total. */
export function checkWeights(
  written: readonly WrittenWeight[],
  place: Place,
  unit: 100000 | undefined,
  { variants }: ServedFlag,
  findings: Findings,
): readonly Weight[] | undefined {
  const before = findings.problems.length;
  const seen = new Set<string>();
  let total = 0;
  for (const { variant, weight, place: where, variantPlace = where } of written) {
    if (seen.has(variant)) {
      findings.problem(variantPlace, `variant "${variant}" has a weight already`);
    }
    seen.add(variant);
    const whole = unit !== undefined;
    if (!(weight >= 0) || !Number.isFinite(weight) || (whole && !Number.isInteger(weight))) {
      findings.problem(where, `must be a${whole ? " whole" : ""} number from 0, not ${weight}`);
    }
    total += weightThreshold(weight, unit);
  }
  const most = unit === undefined ? PERCENT_SCALE + TOTAL_TOLERANCE : PERCENT_SCALE;
  if (total > most) {
    const sum = unit === undefined ? `${total / 1000} %` : `${total}`;
    findings.problem(place, `weights add up to ${sum}, more than ${unit ?? "100 %"}`);
  }
  if (findings.problems.length > before) return undefined;
  const order = new Map(variants.map(({ name }, index) => [name, index]));
  return written
    .map(({ variant, weight }) => ({ variant, weight }))
    .sort((a, b) => (order.get(a.variant) ?? 0) - (order.get(b.variant) ?? 0));
}

const WEIGHT_FIELDS: ReadonlySet<string> = new Set([...VARIANT_FIELDS, "weight"]);

function parseListed(
  raw: unknown,
  place: Place,
  flag: ServedFlag,
  findings: Findings,
): WrittenWeight[] {
  const reader = ObjectReader.of(raw, place, findings, "a weight");
  if (reader === undefined) return [];
  reader.finish(WEIGHT_FIELDS);
  const field = reader.oneOf(VARIANT_FIELDS);
  const weight = reader.get("weight");
  if (typeof weight !== "number") {
    const where = reader.has("weight") ? reader.at("weight") : place;
    return findings.problem(where, `\`weight\` must be a number, not ${describe(weight)}`) ?? [];
  }
  if (field === undefined) return findings.problem(place, "`variant` is missing") ?? [];
  const variantPlace = reader.at(field);
  const variant = parseVariantReference(reader.get(field), variantPlace, flag, findings);
  if (variant === undefined) return [];
  return [{ variant, weight, place: reader.at("weight"), variantPlace }];
}

function parseMapped(
  name: string,
  weight: unknown,
  parent: Place,
  flag: ServedFlag,
  findings: Findings,
): WrittenWeight[] {
  const place = at(parent, name);
  const variant = parseVariantReference(name, place, flag, findings);
  if (typeof weight !== "number") {
    return findings.problem(place, `must be a number, not ${describe(weight)}`) ?? [];
  }
  return variant === undefined ? [] : [{ variant, weight, place }];
}
