import { freezeJson, isScalar, type JsonValue, type Scalar, setOwn } from "../json.ts";
import type { Flag, FlagMetadata, FlagType, Prerequisite, Rule, Serve, Variant } from "./flag.ts";
import { typeOfValue } from "./flag.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import { parseConditionsShorthand } from "./parse-attributes.ts";
import type { ParseContext } from "./parse-context.ts";
import { parseInstant, parseRules, parseSchedule, parseTargets } from "./parse-rules.ts";
import {
  checkWeights,
  onVariant,
  parseServe,
  SERVE_FIELDS,
  type ServedFlag,
  VARIANT_FIELDS,
} from "./parse-serve.ts";
import {
  checkValue,
  impliedVariants,
  parseVariants,
  type WrittenVariant,
} from "./parse-variants.ts";
import { at, type Place } from "./problems.ts";
import { percentThreshold } from "./weights.ts";

/** Every field of a definition; an object that has none of them is a group of flags. */
export const DEFINITION_FIELDS: ReadonlySet<string> = new Set([
  "name",
  "description",
  "type",
  "enabled",
  "environments",
  "default",
  "off",
  "variants",
  "prerequisites",
  "targets",
  "rules",
  "fallthrough",
  "percentage",
  "conditions",
  "schedule",
  "overridable",
  "client",
  "tags",
  "owner",
  "expires",
  "metadata",
  "createdAt",
  "updatedAt",
  "version",
]);

/** Fields that make a boolean flag decide; with none of them, `enabled` alone does. */
const DECIDING_FIELDS = ["targets", "rules", "conditions", "percentage", "fallthrough", "schedule"];

/** An empty list says nothing: a page that writes one must not switch a flag off. */
function isWritten(reader: ObjectReader, name: string): boolean {
  const value = reader.get(name);
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

export interface ParseFlagOptions {
  /** The entry stands for `enabled: true` without writing it, as in `feature_flags` lists. */
  readonly onWhenOnlyNamed?: boolean;
}

/** A flag that is just its value. */
export function parseBareValue(
  raw: unknown,
  place: Place,
  { findings }: ParseContext,
): Flag | undefined {
  const value = freezeJson(raw);
  if (value === undefined || value === null) {
    return findings.problem(place, `must be a definition or a value, not ${describe(raw)}`);
  }
  const type = typeOfValue(value);
  return {
    type,
    enabled: true,
    variants: impliedVariants(type),
    default: value,
    off: type === "boolean" ? false : value,
    overridable: true,
    client: false,
  };
}

/** One definition; `undefined` when it has problems, which are then all in the findings. */
export function parseFlag(
  key: string,
  reader: ObjectReader,
  context: ParseContext,
  { onWhenOnlyNamed = false }: ParseFlagOptions = {},
): Flag | undefined {
  const { findings } = context;
  const before = findings.problems.length;
  reader.finish(DEFINITION_FIELDS);
  const written = reader.has("variants")
    ? parseVariants(reader.get("variants"), reader.at("variants"), findings)
    : undefined;
  const type = parseType(reader, written);
  const variants: readonly Variant[] =
    written?.map(({ name, value }) => Object.freeze({ name, value })) ?? impliedVariants(type);
  const served: ServedFlag = { type, variants };
  const enabled = reader.boolean("enabled");
  const decides = DECIDING_FIELDS.some((name) => isWritten(reader, name)) || hasWeights(written);
  const onByItself = !decides && (reader.has("enabled") || onWhenOnlyNamed);
  const fallback = parseDefault(reader, served, onByItself);
  const rules = parseRules(reader, served, context);
  const conditions = parseConditions(key, reader, served, context);
  const fallthrough = parseFallthrough(reader, served, written);
  const flag: Flag = {
    name: reader.text("name"),
    description: reader.text("description"),
    type,
    enabled: enabled ?? true,
    environments: reader.strings("environments"),
    variants,
    default: fallback,
    off: parseOff(reader, served, fallback),
    prerequisites: unlessEmpty(parsePrerequisites(reader, context)),
    targets: unlessEmpty(parseTargets(reader, served, context)),
    rules: unlessEmpty(conditions.length === 0 ? rules : [...rules, ...conditions]),
    fallthrough,
    schedule: unlessEmpty(parseSchedule(reader, context)),
    overridable: reader.boolean("overridable") ?? true,
    client: reader.boolean("client") ?? false,
    tags: parseTags(reader),
    owner: reader.text("owner"),
    expires: parseInstant(reader, "expires"),
    metadata: parseMetadata(reader),
    createdAt: parseInstant(reader, "createdAt"),
    updatedAt: parseInstant(reader, "updatedAt"),
    version: parseVersion(reader),
  };
  addExtensions(flag, reader);
  return findings.problems.length > before ? undefined : flag;
}

const TYPES: Readonly<Record<string, FlagType>> = {
  boolean: "boolean",
  bool: "boolean",
  string: "string",
  integer: "integer",
  int: "integer",
  number: "number",
  float: "number",
  json: "json",
  object: "json",
};

/** The declared type, or the one that variants, default and off value agree on. */
function parseType(
  reader: ObjectReader,
  variants: readonly WrittenVariant[] | undefined,
): FlagType {
  const values = (variants ?? []).map(({ value, place }) => ({ value, place }));
  for (const name of ["default", "off"]) {
    const value = reader.has(name) ? freezeJson(reader.get(name)) : undefined;
    if (value !== undefined) values.push({ value, place: reader.at(name) });
  }
  const [first] = values;
  const declared = reader.get("type");
  if (declared === undefined) {
    const type = first === undefined ? "boolean" : typeOfValue(first.value);
    const other = values.find(({ value }) => typeOfValue(value) !== type);
    if (other !== undefined) {
      reader.findings.problem(
        other.place,
        `is a ${typeOfValue(other.value)} where the flag began as ${type}; write its \`type\` (json for mixed values)`,
      );
    }
    return type;
  }
  const type =
    typeof declared === "string" && Object.hasOwn(TYPES, declared) ? TYPES[declared] : undefined;
  if (type === undefined) {
    const names = Object.keys(TYPES).join(", ");
    reader.problem("type", `must be one of ${names}, not ${describe(declared)}`);
    return first === undefined ? "boolean" : typeOfValue(first.value);
  }
  for (const { value, place } of values) checkValue(value, type, place, reader.findings);
  return type;
}

function parseDefault(
  reader: ObjectReader,
  { type, variants }: ServedFlag,
  onByItself: boolean,
): JsonValue {
  if (reader.has("default")) return parseValue(reader, "default");
  if (type === "boolean") return onByItself;
  const [first] = variants;
  if (first !== undefined) return first.value;
  reader.findings.problem(reader.place, "a flag that is not boolean needs `default` or `variants`");
  return null;
}

function parseOff(reader: ObjectReader, { type }: ServedFlag, fallback: JsonValue): JsonValue {
  if (reader.has("off")) return parseValue(reader, "off");
  return type === "boolean" ? false : fallback;
}

function parseValue(reader: ObjectReader, name: string): JsonValue {
  const value = freezeJson(reader.get(name));
  if (value !== undefined) return value;
  reader.problem(name, `must be a JSON value, not ${describe(reader.get(name))}`);
  return null;
}

/** The `conditions` shorthand: a last rule that serves on, at the flag's percentage. */
function parseConditions(
  key: string,
  reader: ObjectReader,
  flag: ServedFlag,
  context: ParseContext,
): Rule[] {
  if (!reader.has("conditions")) return [];
  if (flag.type !== "boolean") return reader.problem("conditions", "is for boolean flags") ?? [];
  if (reader.has("schedule")) reader.problem("schedule", "does not go with `conditions`");
  const when = parseConditionsShorthand(reader.get("conditions"), reader.at("conditions"), context);
  const percentage = reader.percentage("percentage");
  const on = onVariant(flag);
  if (on === undefined) return reader.problem("conditions", "no variant of the flag is true") ?? [];
  if (when === undefined) return [];
  checkConditionsId(reader);
  if (percentage === undefined || percentThreshold(percentage) === percentThreshold(100)) {
    return [{ id: "conditions", when, serve: on }];
  }
  // A rollout, because a rule's percentage would be salted with the rule's id.
  const weights = [{ variant: on, weight: percentThreshold(percentage) }];
  return [{ id: "conditions", when, rollout: { salt: key, weights, unit: 100_000 } }];
}

function checkConditionsId(reader: ObjectReader): void {
  const rules = reader.get("rules");
  if (!Array.isArray(rules)) return;
  const index = rules.findIndex((rule) => (rule as { id?: unknown } | null)?.id === "conditions");
  if (index < 0) return;
  const place = at(at(reader.at("rules"), index), "id");
  reader.findings.problem(place, "`conditions` becomes a rule of this id; choose another");
}

const FALLTHROUGH_FIELDS: ReadonlySet<string> = new Set(SERVE_FIELDS);

function parseFallthrough(
  reader: ObjectReader,
  flag: ServedFlag,
  written: readonly WrittenVariant[] | undefined,
): Serve | undefined {
  const { findings } = reader;
  let source: string | undefined;
  for (const name of FALLTHROUGH_SOURCES) {
    if (!saysFallthrough(name, reader, written)) continue;
    if (source === undefined) source = name;
    else reader.problem(name, `says who is served, and so does \`${source}\`: write one of them`);
  }
  const fallthrough = parseFallthroughFrom(source, reader, flag, written ?? []);
  if (!reader.has("schedule")) return fallthrough;
  if (fallthrough?.rollout !== undefined) {
    return reader.problem("schedule", "sets a percentage, so it does not go with a rollout");
  }
  if (fallthrough !== undefined || source !== undefined) return fallthrough;
  const serve = onVariant(flag);
  if (serve !== undefined) return { serve };
  return findings.problem(reader.at("schedule"), "needs a `fallthrough` that says what to `serve`");
}

const FALLTHROUGH_SOURCES = ["fallthrough", "percentage", "variants"] as const;

function saysFallthrough(
  name: (typeof FALLTHROUGH_SOURCES)[number],
  reader: ObjectReader,
  written: readonly WrittenVariant[] | undefined,
): boolean {
  if (name === "variants") return hasWeights(written);
  return reader.has(name) && (name === "fallthrough" || !reader.has("conditions"));
}

function parseFallthroughFrom(
  source: string | undefined,
  reader: ObjectReader,
  flag: ServedFlag,
  written: readonly WrittenVariant[],
): Serve | undefined {
  const { findings } = reader;
  if (source === "fallthrough") {
    const place = reader.at("fallthrough");
    const inner = ObjectReader.of(reader.get("fallthrough"), place, findings, "`fallthrough`");
    inner?.finish(FALLTHROUGH_FIELDS);
    return inner && parseServe(inner, flag);
  }
  if (source === "percentage") {
    const percentage = reader.percentage("percentage");
    if (flag.type !== "boolean") {
      return reader.problem("percentage", "is for boolean flags; others use `fallthrough`");
    }
    const serve = onVariant(flag);
    if (serve === undefined) return reader.problem("percentage", "no variant of the flag is true");
    return percentage === undefined ? undefined : { serve, percentage };
  }
  if (source === undefined) return undefined;
  const weighted = written.flatMap(({ name, weight, weightPlace }) =>
    weight === undefined || weightPlace === undefined
      ? []
      : [{ variant: name, weight, place: weightPlace }],
  );
  const weights = checkWeights(weighted, reader.at("variants"), undefined, flag, findings);
  return weights && { rollout: { weights } };
}

function hasWeights(variants: readonly WrittenVariant[] | undefined): boolean {
  return variants?.some(({ weight }) => weight !== undefined) === true;
}

const FLAG_FIELDS: readonly string[] = ["flag", "key"];
const PREREQUISITE_FIELDS: ReadonlySet<string> = new Set([...FLAG_FIELDS, ...VARIANT_FIELDS]);

/** Flags and variants that are mentioned are looked up once the whole set is known. */
function parsePrerequisites(reader: ObjectReader, context: ParseContext): Prerequisite[] {
  const items = reader.list("prerequisites");
  if (items === undefined) return [];
  const place = reader.at("prerequisites");
  return items.flatMap((raw, index): Prerequisite[] => {
    const item = ObjectReader.of(raw, at(place, index), context.findings, "a prerequisite");
    if (item === undefined) return [];
    item.finish(PREREQUISITE_FIELDS);
    const flagField = item.oneOf(FLAG_FIELDS);
    const variantField = item.oneOf(VARIANT_FIELDS);
    if (flagField === undefined) context.findings.problem(item.place, "`flag` is missing");
    if (variantField === undefined) context.findings.problem(item.place, "`variant` is missing");
    if (flagField === undefined || variantField === undefined) return [];
    const flag = item.string(flagField)?.trim();
    const variant = item.get(variantField);
    if (typeof variant !== "string" && typeof variant !== "number") {
      item.problem(variantField, `must be a variant's name or index, not ${describe(variant)}`);
      return [];
    }
    if (flag === undefined) return [];
    const prerequisite = { flag, variant: String(variant) };
    context.prerequisites.push({
      name: flag,
      place: item.at(flagField),
      variant,
      variantPlace: item.at(variantField),
      prerequisite,
    });
    return [prerequisite];
  });
}

/** `x-*` fields are kept for whoever wrote them. */
function addExtensions(flag: Flag, { raw }: ObjectReader): void {
  for (const name of Object.keys(raw)) {
    if (!name.startsWith("x-")) continue;
    const value = freezeJson(raw[name]);
    if (value !== undefined) setOwn(flag as unknown as Record<string, JsonValue>, name, value);
  }
}

function parseVersion(reader: ObjectReader): number | undefined {
  const version = reader.get("version");
  if (version === undefined) return undefined;
  if (typeof version === "number" && Number.isSafeInteger(version) && version >= 0) return version;
  return reader.problem("version", `must be a whole number from 0, not ${describe(version)}`);
}

function parseTags(reader: ObjectReader): readonly string[] | undefined {
  const tags = reader.get("tags");
  return Array.isArray(tags) && tags.length === 0 ? undefined : reader.strings("tags");
}

/** OpenFeature hands metadata to every reader and allows only primitives in it. */
function parseMetadata(reader: ObjectReader): FlagMetadata | undefined {
  if (!reader.has("metadata")) return undefined;
  const place = reader.at("metadata");
  const inner = ObjectReader.of(reader.get("metadata"), place, reader.findings, "`metadata`");
  if (inner === undefined) return undefined;
  const entries = Object.entries(inner.raw).filter((entry): entry is [string, Scalar] => {
    if (isScalar(entry[1])) return true;
    inner.problem(entry[0], `must be a string, a number or a boolean, not ${describe(entry[1])}`);
    return false;
  });
  return Object.freeze(Object.fromEntries(entries));
}

function unlessEmpty<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length === 0 ? undefined : items;
}
