import type { Prerequisite } from "./flag.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import type { ParseContext } from "./parse-context.ts";
import { VARIANT_FIELDS } from "./parse-serve.ts";
import { at } from "./problems.ts";

const FLAG_FIELDS: readonly string[] = ["flag", "key"];
const PREREQUISITE_FIELDS: ReadonlySet<string> = new Set([...FLAG_FIELDS, ...VARIANT_FIELDS]);

/** Flags and variants that are mentioned are looked up once the whole set is known. */
export function parsePrerequisites(reader: ObjectReader, context: ParseContext): Prerequisite[] {
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
