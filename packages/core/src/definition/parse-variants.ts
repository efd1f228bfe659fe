import { freezeJson, isPlainObject } from "../json.ts";
import { type FlagType, fitsType, type Variant } from "./flag.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import { at, type Findings, type Place } from "./problems.ts";

/** Variants as written, before their values are held against the flag's type. */
export interface WrittenVariant extends Variant {
  readonly place: Place;
  readonly namePlace: Place;
  /** Part of a fallthrough rollout, in the list form. */
  readonly weight?: number;
  readonly weightPlace?: Place;
}

const FIELDS: ReadonlySet<string> = new Set(["name", "value", "weight"]);

/** `{ name: value }` or `[{ name, value, weight? }]`. */
export function parseVariants(raw: unknown, place: Place, findings: Findings): WrittenVariant[] {
  const variants = Array.isArray(raw)
    ? raw.flatMap((item, index) => parseListed(item, at(place, index), findings))
    : isPlainObject(raw)
      ? Object.entries(raw).flatMap(([name, value]) =>
          toVariant(name, value, at(place, name), findings),
        )
      : [];
  const names = new Set<string>();
  for (const { name, namePlace } of variants) {
    if (names.has(name)) findings.problem(namePlace, `variant "${name}" is declared twice`);
    names.add(name);
  }
  const size = Array.isArray(raw) ? raw.length : isPlainObject(raw) ? Object.keys(raw).length : 0;
  if (size === 0) {
    findings.problem(
      place,
      `must declare at least one variant, as a map or a list, not ${describe(raw)}`,
    );
  }
  return variants;
}

function parseListed(raw: unknown, place: Place, findings: Findings): WrittenVariant[] {
  const reader = ObjectReader.of(raw, place, findings, "a variant");
  if (reader === undefined) return [];
  reader.finish(FIELDS);
  const name = reader.string("name");
  if (!reader.has("name")) findings.problem(place, "`name` is missing");
  if (!Object.hasOwn(reader.raw, "value"))
    return findings.problem(place, "`value` is missing") ?? [];
  if (name === undefined) return [];
  const namePlace = reader.at("name");
  const [variant] = toVariant(name, reader.get("value"), reader.at("value"), findings, namePlace);
  if (variant === undefined) return [];
  if (!reader.has("weight")) return [variant];
  const weight = reader.get("weight");
  if (typeof weight !== "number") {
    reader.problem("weight", `must be a number, not ${describe(weight)}`);
    return [variant];
  }
  return [{ ...variant, weight, weightPlace: reader.at("weight") }];
}

function toVariant(
  name: string,
  raw: unknown,
  place: Place,
  findings: Findings,
  namePlace = place,
): WrittenVariant[] {
  if (name === "") return findings.problem(namePlace, "a variant needs a name") ?? [];
  const value = freezeJson(raw);
  if (value !== undefined) return [{ name, value, place, namePlace }];
  return findings.problem(place, `must be a JSON value, not ${describe(raw)}`) ?? [];
}

/** Reports a value that a flag of this type can't serve. */
export function checkValue(
  value: Variant["value"],
  type: FlagType,
  place: Place,
  findings: Findings,
): boolean {
  if (fitsType(value, type)) return true;
  const article = type === "integer" ? "an" : "a";
  const what = type === "integer" && typeof value === "number" ? " within the safe range" : "";
  findings.problem(place, `must be ${article} ${type}${what}, not ${describe(value)}`);
  return false;
}

const BOOLEAN_VARIANTS: readonly Variant[] = Object.freeze([
  Object.freeze({ name: "off", value: false }),
  Object.freeze({ name: "on", value: true }),
]);

/** The variants that a flag has without saying so. */
export function impliedVariants(type: FlagType): readonly Variant[] {
  return type === "boolean" ? BOOLEAN_VARIANTS : [];
}
