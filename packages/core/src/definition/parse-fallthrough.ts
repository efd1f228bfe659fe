import type { Serve } from "./flag.ts";
import { ObjectReader } from "./object-reader.ts";
import {
  checkWeights,
  onVariant,
  parseServe,
  SERVE_FIELDS,
  type ServedFlag,
} from "./parse-serve.ts";
import type { WrittenVariant } from "./parse-variants.ts";

// Who is served what when no rule does: said by `fallthrough`, by `percentage`, or by the weights
// of the variants.

const FALLTHROUGH_FIELDS: ReadonlySet<string> = new Set(SERVE_FIELDS);

export function parseFallthrough(
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

export function hasWeights(variants: readonly WrittenVariant[] | undefined): boolean {
  return variants?.some(({ weight }) => weight !== undefined) === true;
}
