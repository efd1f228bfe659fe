import type { Written } from "./conditions.ts";
import { isoDate } from "./dates.ts";
import { type Flag, isDefinition, type Rule, typeOf, type Variant, variantsOf } from "./flag.ts";
import { fallthroughOf, serveOf, wholeServe } from "./serve.ts";

export interface Definitions {
  readonly flags: Record<string, Flag>;
  readonly segments: Record<string, unknown>;
  readonly aliases: Record<string, string>;
}

/** Every flag of a valid document, spelled out. */
export function definitionsOf(document: Written): Definitions {
  const flags: Record<string, Flag> = Object.create(null);
  const add = (key: string, written: Written): void => {
    flags[key.trim()] = flagOf(key.trim(), written);
  };
  collect(document.flags as Written | undefined, "", add);
  for (const entry of (document.feature_flags ?? []) as Written[]) {
    const { name, ...definition } = entry;
    const named = { enabled: true, type: "boolean", ...definition };
    add(name as string, named);
  }
  const segments: Record<string, unknown> = Object.create(null);
  for (const [name, condition] of Object.entries((document.segments ?? {}) as Written)) {
    segments[name.trim()] = condition;
  }
  const aliases: Record<string, string> = Object.create(null);
  Object.assign(aliases, document.aliases);
  return { flags, segments, aliases };
}

function collect(
  group: Written | undefined,
  prefix: string,
  add: (key: string, written: Written) => void,
): void {
  for (const [name, value] of Object.entries(group ?? {})) {
    const key = prefix + name.trim();
    if (typeof value !== "object" || Array.isArray(value)) add(key, { default: value });
    else if (isDefinition(value as Written)) add(key, value as Written);
    else collect(value as Written, `${key}.`, add);
  }
}

const DECIDING = ["targets", "rules", "conditions", "percentage", "fallthrough", "schedule"];

function flagOf(key: string, written: Written): Flag {
  const type = typeOf(written);
  const variants = variantsWithImplied(written, type);
  const standard = defaultOf(written, type, variants);
  const prerequisites = (written.prerequisites ?? []) as Written[];
  const targets = (written.targets ?? []) as Written[];
  const schedule = (written.schedule ?? []) as Written[];
  return {
    key,
    type,
    enabled: written.enabled !== false,
    environments: written.environments as string[] | undefined,
    variants,
    default: standard,
    off: "off" in written ? written.off : type === "boolean" ? false : standard,
    prerequisites: prerequisites.map((each) => ({
      flag: (each.flag ?? each.key) as string,
      variant: (each.variant ?? each.variation) as string | number,
    })),
    targets: targets.map((target) => ({
      attribute: (target.attribute ?? "targetingKey") as string,
      variant: variantIndex(target.variant, variants),
      values: target.values as unknown[],
    })),
    rules: rulesOf(key, written, variants),
    fallthrough: fallthroughOf(key, written, variants),
    schedule: schedule.map((step) => ({
      from: isoDate(step.from as string) as number,
      percentage: step.percentage as number,
    })),
    overridable: written.overridable !== false,
    metadata: written.metadata ?? {},
  };
}

function variantsWithImplied(written: Written, type: string): Variant[] {
  const variants = variantsOf(written.variants);
  if (variants.length > 0 || type !== "boolean") return variants;
  return [
    { name: "off", value: false },
    { name: "on", value: true },
  ];
}

function defaultOf(written: Written, type: string, variants: readonly Variant[]): unknown {
  if ("default" in written) return written.default;
  if (type !== "boolean") return variants[0]?.value;
  const weighted = Array.isArray(written.variants) && written.variants.some(hasWeight);
  return "enabled" in written && !weighted && !DECIDING.some((field) => field in written);
}

function hasWeight(variant: unknown): boolean {
  return "weight" in (variant as Written);
}

function rulesOf(key: string, written: Written, variants: readonly Variant[]): Rule[] {
  const list = (written.rules ?? []) as Written[];
  const rules = list.map((rule, index): Rule => {
    const id = (rule.id as string | undefined) ?? String(index);
    const when = rule.when ?? rule.condition ?? rule.clauses ?? [];
    return { id, when, serve: serveOf(rule, `${key}/${id}`, variants) };
  });
  if ("conditions" in written) {
    const { percentage } = written;
    rules.push({
      id: "conditions",
      when: shortConditions(written.conditions as Written),
      serve:
        percentage === undefined ? wholeServe(onIndex(variants)) : serveOf(written, key, variants),
    });
  }
  return rules;
}

/** `{ attributes, groups }`: attributes all, or any of the groups. */
function shortConditions(conditions: Written): unknown {
  const any: unknown[] = [];
  if (conditions.attributes !== undefined) {
    any.push(Object.entries(conditions.attributes as Written).flatMap(shortAttribute));
  }
  if (conditions.groups !== undefined) {
    any.push({ attribute: "groups", op: "contains", values: conditions.groups });
  }
  return { any };
}

function shortAttribute([attribute, wanted]: [string, unknown]): Written[] {
  if (Array.isArray(wanted)) return [{ attribute, op: "in", values: wanted }];
  if (typeof wanted !== "object") return [{ attribute, op: "eq", values: [wanted] }];
  return Object.entries(wanted as Written).map(([op, operand]) => {
    const values = Array.isArray(operand) ? operand : [operand];
    const name = op.toLowerCase().replaceAll(/[_-]/g, "");
    const order = /^(lt|<|lessthan)/.test(name)
      ? "before"
      : /^(gt|>|greaterthan)/.test(name)
        ? "after"
        : undefined;
    if (order !== undefined && typeof operand === "string") {
      return { attribute, op: order, values, orEqual: /e$|=$|equal$/.test(name) };
    }
    return { attribute, op, values };
  });
}

function onIndex(variants: readonly Variant[]): number {
  return variants.findIndex((variant) => variant.value === true);
}

function variantIndex(written: unknown, variants: readonly Variant[]): number {
  if (typeof written === "number") return written;
  return variants.findIndex((variant) => variant.name === written);
}
