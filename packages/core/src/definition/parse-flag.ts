import { freezeJson, isScalar, type JsonValue, type Scalar, setOwn } from "../json.ts";
import { type Flag, type FlagMetadata, typeOfValue, type Variant } from "./flag.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import { parseConditions } from "./parse-conditions-shorthand.ts";
import type { ParseContext } from "./parse-context.ts";
import { hasWeights, parseFallthrough } from "./parse-fallthrough.ts";
import { parsePrerequisites } from "./parse-prerequisites.ts";
import { parseInstant, parseRules, parseSchedule, parseTargets } from "./parse-rules.ts";
import type { ServedFlag } from "./parse-serve.ts";
import { parseDefault, parseOff, parseType } from "./parse-values.ts";
import { impliedVariants, parseVariants } from "./parse-variants.ts";
import type { Place } from "./problems.ts";

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
    variants: unlessEmpty(impliedVariants(type)),
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
    variants: unlessEmpty(variants),
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
