import { freezeJson, type JsonValue } from "../json.ts";
import { type FlagType, typeOfValue } from "./flag.ts";
import { describe, type ObjectReader } from "./object-reader.ts";
import type { ServedFlag } from "./parse-serve.ts";
import { checkValue, type WrittenVariant } from "./parse-variants.ts";

// The type of a flag, and the values that it serves when nothing else decides.

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
export function parseType(
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

export function parseDefault(
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

export function parseOff(
  reader: ObjectReader,
  { type }: ServedFlag,
  fallback: JsonValue,
): JsonValue {
  if (reader.has("off")) return parseValue(reader, "off");
  return type === "boolean" ? false : fallback;
}

function parseValue(reader: ObjectReader, name: string): JsonValue {
  const value = freezeJson(reader.get(name));
  if (value !== undefined) return value;
  reader.problem(name, `must be a JSON value, not ${describe(reader.get(name))}`);
  return null;
}
