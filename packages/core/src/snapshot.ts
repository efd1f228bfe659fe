import type { DefinitionSet } from "./definition/definition-set.ts";
import type { Condition } from "./definition/flag.ts";
import { SlotTable } from "./evaluation/attributes.ts";
import { compileCondition, type Predicate } from "./evaluation/condition.ts";
import { type CompiledFlag, compileFlag, type FlagCompiler } from "./evaluation/flag.ts";
import {
  type EvaluationCounters,
  operatorOptions,
  type RegexEngine,
} from "./evaluation/operators/operator.ts";
import type { AssignmentBook } from "./evaluation/sticky.ts";
import type { OverrideSet } from "./overrides/override-set.ts";
import type { Clock } from "./ports.ts";

/**
 * Everything that evaluation reads, at one moment: compiled flags, the overrides that hold for
 * everybody, and the clock. Never changes; a change makes another one, and who holds this one
 * goes on seeing it.
 */
export interface Snapshot {
  /** Rises with every snapshot of an instance. */
  readonly version: number;
  readonly flags: ReadonlyMap<string, CompiledFlag>;
  /** Old key → key of a flag, chains resolved. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly segments: ReadonlyMap<string, Condition>;
  readonly slots: SlotTable;
  /** Compiles parts of these definitions once more, to explain them; absent before the first. */
  readonly compiler: FlagCompiler | undefined;
  /** System-wide overrides; `undefined` when there are none. */
  readonly overrides: OverrideSet | undefined;
  /** `false` until the first definitions are there: reads get `PROVIDER_NOT_READY`. */
  readonly ready: boolean;
  /** The source can't be reached or gave bad data: these are the last good definitions. */
  readonly stale: boolean;
  readonly clock: Clock;
  /** Why the flags are not in this one: nobody has read yet, or the subject is not known. */
  readonly hidden?: "unopened" | "closed" | undefined;
  /** The one with the flags, where they are hidden. */
  readonly whole?: Snapshot | undefined;
}

const NO_FLAGS: Snapshot["flags"] = new Map();

/** The snapshot with nothing to read but overrides that hold for everybody. */
export function hideFlags(whole: Snapshot, hidden: "unopened" | "closed"): Snapshot {
  return { ...whole, flags: NO_FLAGS, hidden, whole };
}

export interface CompileOptions {
  readonly environment?: string | undefined;
  readonly regexEngine?: RegexEngine | undefined;
  readonly maxSubjectLength?: number | undefined;
  readonly counters?: EvaluationCounters | undefined;
  readonly clock?: Clock | undefined;
  /** Experiments serve what it knows of their assignments; absent: they go by buckets alone. */
  readonly assignments?: AssignmentBook | undefined;
  readonly version?: number | undefined;
  /** Compiled flags of it whose definitions and segments have not changed are kept. */
  readonly previous?: Snapshot | undefined;
}

/** More slots than this, and the next compilation numbers them anew, dropping unused ones. */
const MAX_KEPT_SLOTS = 4096;

/** A snapshot of no flags, for the time before the first definitions. */
export function emptySnapshot(options: CompileOptions = {}): Snapshot {
  return {
    version: options.version ?? 0,
    flags: new Map(),
    aliases: new Map(),
    segments: new Map(),
    slots: new SlotTable(),
    compiler: undefined,
    overrides: undefined,
    ready: false,
    stale: false,
    clock: options.clock ?? Date.now,
  };
}

/**
 * Compiles checked definitions, in steps: yields after each flag, so that the caller decides how
 * long to go on without a pause. Run it with `runToEnd` where pauses do not matter.
 */
export function* compileSnapshot(
  set: DefinitionSet,
  options: CompileOptions = {},
): Generator<void, Snapshot, void> {
  const reusable = reusableSnapshot(set, options.previous);
  const slots = reusable?.slots ?? new SlotTable();
  const segments = new Map<string, Predicate>();
  const { regexEngine, maxSubjectLength, counters } = options;
  const plainOptions = operatorOptions(regexEngine, maxSubjectLength, counters);
  const compiler: FlagCompiler = {
    slots,
    environment: options.environment,
    assignments: options.assignments,
    operatorOptions: plainOptions,
    orEqualOptions: { ...plainOptions, orEqual: true },
    segment: (name) => {
      const compiled = segments.get(name);
      if (compiled !== undefined) return compiled;
      const predicate = compileCondition(compiler.segmentDefinition(name), compiler);
      segments.set(name, predicate);
      return predicate;
    },
    segmentDefinition: (name) => {
      const condition = set.segments.get(name);
      if (condition === undefined) throw new TypeError(`segment ${name} was not checked`);
      return condition;
    },
  };
  const flags = new Map<string, CompiledFlag>();
  for (const [key, flag] of set.flags) {
    const kept = reusable?.flags.get(key);
    flags.set(key, kept?.flag === flag ? kept : compileFlag(key, flag, compiler));
    yield;
  }
  return {
    version: options.version ?? 0,
    flags,
    aliases: set.aliases,
    segments: set.segments,
    slots,
    compiler,
    overrides: undefined,
    ready: true,
    stale: false,
    clock: options.clock ?? Date.now,
  };
}

/** Segments are compiled into the flags that name them, so a change of one recompiles all. */
function reusableSnapshot(
  set: DefinitionSet,
  previous: Snapshot | undefined,
): Snapshot | undefined {
  if (previous === undefined || previous.slots.size > MAX_KEPT_SLOTS) return undefined;
  if (previous.segments.size !== set.segments.size) return undefined;
  for (const [name, condition] of set.segments) {
    if (previous.segments.get(name) !== condition) return undefined;
  }
  return previous;
}
