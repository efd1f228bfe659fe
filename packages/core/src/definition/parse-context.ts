import type { OperatorOptions } from "../evaluation/operators/operator.ts";
import type { Findings, Place } from "./problems.ts";

/** A name that a definition mentions and that must be defined somewhere in the whole set. */
export interface Reference {
  readonly name: string;
  readonly place: Place;
}

interface PrerequisiteReference extends Reference {
  /** Name, or index, of the variant of that flag. */
  readonly variant: string | number;
  readonly variantPlace: Place;
  /** The parsed prerequisite: an index becomes a name there once the other flag is known. */
  readonly prerequisite: { readonly flag: string; variant: string };
}

/** What the parsers of one flag or segment share. */
export interface ParseContext {
  readonly findings: Findings;
  /** For checking operands; the same with and without `orEqual`. */
  readonly operatorOptions: OperatorOptions;
  readonly orEqualOptions: OperatorOptions;
  /** Segments that were mentioned. */
  readonly segments: Reference[];
  /** Flags that were mentioned. */
  readonly prerequisites: PrerequisiteReference[];
}

/** Something of a document, with what it mentions. */
export interface Parsed<T> {
  /** Absent when it has problems; its name is taken all the same. */
  readonly value: T | undefined;
  readonly place: Place;
  readonly segments: readonly Reference[];
  readonly prerequisites: readonly PrerequisiteReference[];
}
