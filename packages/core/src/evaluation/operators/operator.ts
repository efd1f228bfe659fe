import type { JsonValue, Scalar } from "../../json.ts";

/**
 * An attribute as operators see it: read once per subject, never a live object of the
 * application. Lists hold their scalars only; an object is just known to be there.
 */
export type AttributeValue = Scalar | readonly Scalar[] | typeof OBJECT;

/** Stands for a plain object as the value of an attribute: it exists and equals nothing. */
export const OBJECT: unique symbol = Symbol("object");

/**
 * A parsed form of an attribute that several operators share (a date, a version, an address).
 * Kept with the subject, so that each attribute is parsed once however many clauses read it.
 */
export interface View<T> {
  readonly name: string;
  /** `null`: the attribute is there but is no such thing, and satisfies no test. */
  readonly parse: (value: AttributeValue) => T | null;
}

/** Says whether a present attribute (in the operator's view of it) satisfies the clause. */
export type Test<T> = (value: T) => boolean;

/** A regular expression engine that is linear in its input, such as re2js. Throws on bad syntax. */
export interface RegexEngine {
  compile(pattern: string): (subject: string) => boolean;
}

/** Counts of what evaluation declined to do. Shared by all snapshots of an instance. */
export interface EvaluationCounters {
  /** Subjects of `matches` that were longer than the limit and so did not match. */
  oversizedSubjects: number;
}

export interface OperatorOptions {
  readonly orEqual: boolean;
  readonly regexEngine: RegexEngine | undefined;
  /** Longest subject of `matches`, in UTF-16 code units. */
  readonly maxSubjectLength: number;
  readonly counters: EvaluationCounters;
}

/** Reports an operand that the operator cannot take; `index` is undefined for the list as a whole. */
export type ReportOperand = (message: string, index?: number) => void;

export interface Operator<T = never> {
  /** Canonical name, as definitions are normalised to. */
  readonly name: string;
  /** Names that other systems use. Case, `_` and `-` are ignored when names are compared. */
  readonly aliases?: readonly string[];
  /** The outcome is flipped, as if the clause said `negate`. */
  readonly negated?: boolean;
  /** Absent: the operator reads the attribute as it is. */
  readonly view?: View<T>;
  /** `false` for operators that take no values. */
  readonly takesValues?: boolean;
  /** Any strings, numbers and booleans will do as values: there is nothing else to check. */
  readonly takesScalars?: boolean;
  /** Whether `orEqual` means something. */
  readonly takesOrEqual?: boolean;
  /** Reports operands as `prepare` does, more cheaply; absent: preparing is how to check. */
  readonly check?: (
    values: readonly JsonValue[],
    options: OperatorOptions,
    report: ReportOperand,
  ) => void;
  /**
   * Prepares the test for non-empty `values`, of which any may hold. Reports every operand that
   * does not fit; what it then returns is not used.
   */
  readonly prepare: (
    values: readonly JsonValue[],
    options: OperatorOptions,
    report: ReportOperand,
  ) => Test<T>;
}

/** An operator whose view is hidden, as the list of all operators holds them. */
// biome-ignore lint/suspicious/noExplicitAny: each operator fixes its own view's type
export type AnyOperator = Operator<any>;

const DEFAULT_MAX_SUBJECT_LENGTH = 4096;

/** The options of clauses that do not say `orEqual`. */
export function operatorOptions(
  regexEngine: RegexEngine | undefined,
  maxSubjectLength: number = DEFAULT_MAX_SUBJECT_LENGTH,
  counters: EvaluationCounters = { oversizedSubjects: 0 },
): OperatorOptions {
  return { orEqual: false, regexEngine, maxSubjectLength, counters };
}
