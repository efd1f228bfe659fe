import { attribute, type Context, unit } from "./attributes.ts";
import { holds, type Written } from "./conditions.ts";
import { deepEqual, type Flag, fits, type Serve } from "./flag.ts";
import { bucketOf } from "./murmur3.ts";
import type { Definitions } from "./normalise.ts";
import { extentOf, percentageServe } from "./serve.ts";

export interface WrittenOverride {
  readonly flagKey: string;
  readonly layer: "emergency" | "local" | "system";
  readonly value: unknown;
  readonly expiresAt?: number | undefined;
}

export interface World {
  readonly definitions: Definitions;
  readonly environment: string | undefined;
  readonly now: number;
  readonly overrides: readonly WrittenOverride[];
}

export interface Outcome {
  readonly flagKey: string;
  readonly value: unknown;
  readonly variant: string | undefined;
  readonly variantIndex: number | undefined;
  readonly reason: string;
  readonly cause: string;
  readonly ruleId: string | undefined;
  readonly inExperiment: boolean;
  readonly errorCode: string | undefined;
  readonly flagMetadata: unknown;
}

/** What `details` gives. */
export function evaluate(world: World, key: string, context: Context, fallback?: unknown): Outcome {
  const final = finalKey(world.definitions, key);
  const flag = world.definitions.flags[final];
  const override = overrideOf(world, final, flag);
  if (override !== undefined) {
    const reason = "STATIC";
    const none = { flag, key: final };
    return outcome(none, override.value, variantOf(flag, override.value), reason, "OVERRIDE");
  }
  if (flag === undefined) {
    const missing = outcome({ flag, key: final }, fallback, undefined, "ERROR", "ERROR");
    return { ...missing, errorCode: "FLAG_NOT_FOUND" };
  }
  return evaluateFlag(world, flag, context);
}

function finalKey({ flags, aliases }: Definitions, key: string): string {
  if (flags[key] !== undefined) return key;
  let final = key.trim();
  while (aliases[final] !== undefined) final = aliases[final] as string;
  return final;
}

const LAYERS = ["emergency", "local", "system"];

function overrideOf(
  world: World,
  key: string,
  flag: Flag | undefined,
): WrittenOverride | undefined {
  const active = world.overrides.filter(({ flagKey, layer, value, expiresAt }) => {
    if (flagKey !== key || value === undefined) return false;
    if (expiresAt !== undefined && expiresAt <= world.now) return false;
    if (flag === undefined) return true;
    return fits(value, flag.type) && (flag.overridable || layer !== "system");
  });
  active.sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer));
  return active[0];
}

function evaluateFlag(world: World, flag: Flag, context: Context): Outcome {
  const { environment, definitions } = world;
  const here = flag.environments === undefined || flag.environments.some((e) => e === environment);
  if (!flag.enabled || !here) return offOutcome(flag, "OFF");
  for (const prerequisite of flag.prerequisites) {
    const needed = definitions.flags[prerequisite.flag] as Flag;
    const { variant } = prerequisite;
    const name = typeof variant === "number" ? needed.variants[variant]?.name : variant;
    if (evaluate(world, needed.key, context).variant !== name) {
      return offOutcome(flag, "PREREQUISITE_FAILED");
    }
  }
  for (const target of flag.targets) {
    const actual = attribute(context, target.attribute);
    if (actual !== undefined && target.values.some((value) => value === actual)) {
      return variantOutcome(flag, target.variant, "TARGETING_MATCH", "TARGET_MATCH");
    }
  }
  for (const rule of flag.rules) {
    if (!holds(rule.when, context, definitions.segments)) continue;
    const variant = served(rule.serve, context);
    if (variant !== undefined) {
      const reason = extentOf(rule.serve) === "partial" ? "SPLIT" : "TARGETING_MATCH";
      const found = variantOutcome(flag, variant, reason, "RULE_MATCH");
      return { ...found, ruleId: rule.id, inExperiment: rule.serve.experiment };
    }
    if (!rule.serve.passesOn) break;
  }
  return fallthroughOutcome(flag, world.now, context);
}

function fallthroughOutcome(flag: Flag, now: number, context: Context): Outcome {
  const serve = scheduled(flag, now);
  const partial = serve !== undefined && extentOf(serve) === "partial";
  const plain =
    flag.prerequisites.length === 0 &&
    flag.targets.length === 0 &&
    flag.rules.length === 0 &&
    flag.schedule.length === 0 &&
    !partial;
  const variant = serve === undefined ? undefined : served(serve, context);
  if (serve === undefined || variant === undefined) {
    const reason = plain ? "STATIC" : "DEFAULT";
    return outcome(
      { flag, key: flag.key },
      flag.default,
      variantOf(flag, flag.default),
      reason,
      "FALLTHROUGH",
    );
  }
  const reason = partial ? "SPLIT" : plain ? "STATIC" : "DEFAULT";
  const found = variantOutcome(flag, variant, reason, "FALLTHROUGH");
  return { ...found, inExperiment: serve.experiment };
}

/** The fallthrough that holds at this time. */
function scheduled(flag: Flag, now: number): Serve | undefined {
  if (flag.schedule.length === 0) return flag.fallthrough;
  const on = flag.variants.findIndex((variant) => variant.value === true);
  const variant = flag.fallthrough?.ranges[0]?.variant ?? on;
  const past = flag.schedule.filter((step) => step.from <= now).at(-1);
  if (past !== undefined) return percentageServe(variant, past.percentage, flag.key);
  const written = flag.fallthrough;
  return written?.percentageWritten ? written : percentageServe(variant, 0, flag.key);
}

/** The variant of the range that the unit's bucket is in. */
function served(serve: Serve, context: Context): number | undefined {
  const extent = extentOf(serve);
  const filled = serve.ranges.filter((range) => range.to > range.from);
  if (extent === "whole") return filled[0]?.variant;
  const bucketed = unit(context, serve.by);
  if (bucketed === undefined) return undefined;
  const bucket = bucketOf(serve.salt, bucketed);
  return filled.find((range) => range.from <= bucket && bucket < range.to)?.variant;
}

function variantOf(flag: Flag | undefined, value: unknown): number | undefined {
  const index = flag?.variants.findIndex((variant) => deepEqual(variant.value, value)) ?? -1;
  return index === -1 ? undefined : index;
}

function offOutcome(flag: Flag, cause: string): Outcome {
  const variant = variantOf(flag, flag.off);
  return outcome({ flag, key: flag.key }, flag.off, variant, "DISABLED", cause);
}

function variantOutcome(flag: Flag, variant: number, reason: string, cause: string): Outcome {
  const value = flag.variants[variant]?.value;
  return outcome({ flag, key: flag.key }, value, variant, reason, cause);
}

function outcome(
  of: { flag: Flag | undefined; key: string },
  value: unknown,
  variantIndex: number | undefined,
  reason: string,
  cause: string,
): Outcome {
  return {
    flagKey: of.key,
    value,
    variant: variantIndex === undefined ? undefined : of.flag?.variants[variantIndex]?.name,
    variantIndex,
    reason,
    cause,
    ruleId: undefined,
    inExperiment: false,
    errorCode: undefined,
    flagMetadata: (of.flag?.metadata ?? {}) as Written,
  };
}
