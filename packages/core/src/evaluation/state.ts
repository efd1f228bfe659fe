import type { OverrideSet } from "../overrides/override-set.ts";
import type { Snapshot } from "../snapshot.ts";
import type { AnyContext } from "./context.ts";
import type { EvaluationDetails } from "./details.ts";
import type { CompiledFlag } from "./flag.ts";
import type { OverrideTrace } from "./trace.ts";

/**
 * One subject evaluated against one snapshot: what it has read of its attributes, its overrides,
 * and its clock, all pinned when they are first asked for.
 */
export class EvaluationState {
  readonly snapshot: Snapshot;
  readonly context: AnyContext;
  /** Overrides of this subject alone, beside the snapshot's system-wide ones. */
  readonly overrides: OverrideSet | undefined;
  /** Made with the first attribute: many flags read none. */
  #values: unknown[] | undefined;
  #now: number | undefined;

  constructor(snapshot: Snapshot, context: AnyContext, overrides?: OverrideSet) {
    this.snapshot = snapshot;
    this.context = context;
    this.overrides = overrides;
  }

  /** The same evaluation of attributes that have become others: the clock stays. */
  again(view: Pick<EvaluationState, "snapshot" | "context" | "overrides"> = this): EvaluationState {
    const state = new EvaluationState(view.snapshot, view.context, view.overrides);
    state.#now = this.#now;
    return state;
  }

  /** The attribute of a slot; see {@link SlotTable.read}. */
  read(slot: number): unknown {
    const value = this.#values?.[slot];
    return value === undefined ? this.#readSlot(slot) : value;
  }

  #readSlot(slot: number): unknown {
    const { slots } = this.snapshot;
    const value = slots.read(slot, this.context);
    this.#values ??= new Array(slots.size);
    this.#values[slot] = value;
    return value;
  }

  /** Epoch milliseconds; the same at every call. */
  get now(): number {
    this.#now ??= this.snapshot.clock();
    return this.#now;
  }

  /** The flag's outcome for this subject, overrides first. Used by reads and prerequisites. */
  resolve(flag: CompiledFlag): EvaluationDetails {
    if (this.snapshot.overrides !== undefined || this.overrides !== undefined) {
      const override = this.findOverride(flag.key);
      if (override !== undefined) return override;
    }
    return flag.outcome ?? flag.evaluate(this);
  }

  /** Whether there is any override to look at. */
  get isOverridden(): boolean {
    return this.snapshot.overrides !== undefined || this.overrides !== undefined;
  }

  /** What the highest active override of a flag serves, with or without a definition. */
  findOverride(key: string): EvaluationDetails | undefined {
    const wide = this.snapshot.overrides?.find(key, this);
    const own = this.overrides?.find(key, this);
    if (wide === undefined || own === undefined) return (wide ?? own)?.details;
    return (own.priority > wide.priority ? own : wide).details;
  }

  /** Keys that have an override and no definition. */
  undefinedOverrides(): string[] {
    const sets = [this.snapshot.overrides, this.overrides];
    const keys = new Set(sets.flatMap((set) => (set === undefined ? [] : [...set.keys()])));
    return [...keys].filter(
      (key) => !this.snapshot.flags.has(key) && this.findOverride(key) !== undefined,
    );
  }

  /** Every override of a flag that was looked at, highest first. */
  explainOverrides(key: string): OverrideTrace[] {
    const sets = [this.snapshot.overrides, this.overrides];
    const traces = sets
      .flatMap((set) => set?.explain(key, this) ?? [])
      .sort((a, b) => b.priority - a.priority);
    const served = traces.findIndex((trace) => trace.outcome === "served");
    // Each set knows only of its own winner; the other one's is then lower.
    return traces.map((trace, index) =>
      trace.outcome === "served" && index !== served ? { ...trace, outcome: "lower" } : trace,
    );
  }
}
