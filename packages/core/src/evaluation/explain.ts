import { type Serve, variantsOf } from "../definition/flag.ts";
import { resolveKey, shownKey } from "../definition/keys.ts";
import { readAttribute } from "./attributes.ts";
import { type EvaluationDetails, errorDetails } from "./details.ts";
import { explainCondition, shown } from "./explain-condition.ts";
import { currentStep, fallthroughAt, serveOfFallthrough } from "./fallthrough.ts";
import { type CompiledFlag, type FlagCompiler, type Outcomes, outcomesOf, whyOff } from "./flag.ts";
import { servedByPrerequisite } from "./prerequisite.ts";
import { bucketOf, type ServeNode, servedRanges } from "./rollout.ts";
import { ruleIdOf, serveOfRule } from "./rule.ts";
import type { EvaluationState } from "./state.ts";
import { servedTo } from "./step.ts";
import { peekAssignments } from "./sticky.ts";
import { attributeOf } from "./target.ts";
import type { Explanation, ServeTrace, StepTrace } from "./trace.ts";

/** Evaluates a flag once more, saying what each step, clause and override did. */
export function explainFlag(
  requestedKey: string,
  state: EvaluationState,
  reported: (details: EvaluationDetails) => EvaluationDetails,
): Explanation {
  const { flags, aliases, ready, compiler } = state.snapshot;
  const flagKey = flags.has(requestedKey) ? requestedKey : resolveKey(requestedKey, aliases);
  const overrides = state.explainOverrides(flagKey);
  const common = { flagKey, requestedKey: shownKey(requestedKey), overrides };
  const override = state.findOverride(flagKey);
  if (override !== undefined) return { ...common, details: reported(override), steps: [] };
  const flag = flags.get(flagKey);
  if (flag === undefined || compiler === undefined) {
    const details = ready
      ? errorDetails(flagKey, undefined, "FLAG_NOT_FOUND", `there is no flag "${flagKey}"`)
      : errorDetails(flagKey, undefined, "PROVIDER_NOT_READY", "no definitions are loaded yet");
    return { ...common, details, steps: [] };
  }
  const explainer = new FlagExplainer(flag, state, compiler);
  // Whoever is looked at is not served, so not assigned to an experiment.
  return peekAssignments(state.snapshot, () => ({
    ...common,
    details: reported(flag.evaluate(state)),
    steps: explainer.explain(),
  }));
}

/** Walks a definition as evaluation does, with the same compiled parts, and takes notes. */
class FlagExplainer {
  readonly #compiled: CompiledFlag;
  readonly #state: EvaluationState;
  readonly #compiler: FlagCompiler;
  readonly #outcomes: Outcomes;
  readonly #steps: StepTrace[] = [];

  constructor(compiled: CompiledFlag, state: EvaluationState, compiler: FlagCompiler) {
    this.#compiled = compiled;
    this.#state = state;
    this.#compiler = compiler;
    this.#outcomes = outcomesOf(compiled.key, compiled.flag);
  }

  explain(): readonly StepTrace[] {
    const because = whyOff(this.#compiled.flag, this.#compiler.environment);
    if (because !== undefined) return [{ step: "off", because }];
    const decided = this.#prerequisites() || this.#targets() || this.#rules();
    if (!decided) this.#fallthrough();
    return this.#steps;
  }

  /** Whether one of them failed. */
  #prerequisites(): boolean {
    for (const { flag, variant: expected } of this.#compiled.flag.prerequisites ?? []) {
      const served = servedByPrerequisite(flag, this.#state)?.variant;
      const outcome = served === expected;
      this.#steps.push({ step: "prerequisite", flag, expected, served, outcome });
      if (!outcome) return true;
    }
    return false;
  }

  #targets(): boolean {
    for (const target of this.#compiled.flag.targets ?? []) {
      const attribute = attributeOf(target);
      const actual = readAttribute(this.#state.context, attribute);
      const outcome = target.values.some((value) => value === actual);
      const { variant } = target;
      this.#steps.push({ step: "target", attribute, variant, actual: shown(actual), outcome });
      if (outcome) return true;
    }
    return false;
  }

  /** Whether a rule served, or sent the subject to the fallthrough. */
  #rules(): boolean {
    const { key, flag } = this.#compiled;
    const input = { key, flag, outcomes: this.#outcomes };
    for (const [index, rule] of (flag.rules ?? []).entries()) {
      const condition = rule.when && explainCondition(rule.when, this.#state, this.#compiler);
      const step = { step: "rule", ruleId: ruleIdOf(rule, index), condition } as const;
      if (condition?.outcome === false) {
        this.#steps.push({ ...step, serve: undefined, outcome: "no match" });
        continue;
      }
      const node = serveOfRule(input, index, this.#compiler);
      const serve = this.#serve(rule, node);
      if (servedTo(this.#state, node.serve) !== undefined) {
        this.#steps.push({ ...step, serve, outcome: "served" });
        return true;
      }
      const outcome = rule.rollout === undefined ? "next rule" : "fallthrough";
      this.#steps.push({ ...step, serve, outcome });
      if (outcome === "fallthrough") return false;
    }
    return false;
  }

  #fallthrough(): void {
    const { key, flag } = this.#compiled;
    const { fallthrough } = flag;
    const schedule = flag.schedule && currentStep(flag.schedule, this.#state);
    const definition: Serve | undefined = fallthrough && fallthroughAt(flag, schedule);
    const input = { key, flag, outcomes: this.#outcomes };
    const node = definition && serveOfFallthrough(input, definition, this.#compiler);
    const served = node && servedTo(this.#state, node.serve);
    const outcome = served === undefined ? "default" : "served";
    const serve = node && this.#serve(definition, node);
    this.#steps.push({ step: "fallthrough", schedule, serve, outcome });
  }

  #serve(definition: Serve, { serve, bucketer, assigned }: ServeNode): ServeTrace {
    const variants = variantsOf(this.#compiled.flag);
    return {
      by: bucketer?.by,
      salt: bucketer?.salt,
      bucket: bucketer && bucketOf(bucketer, this.#state),
      assigned: assigned?.(this.#state),
      ranges: servedRanges(definition, variants).map(({ variant, from, to }) => ({
        variant: variants[variant]?.name ?? "",
        from,
        to,
      })),
      variant: servedTo(this.#state, serve)?.variant,
    };
  }
}
