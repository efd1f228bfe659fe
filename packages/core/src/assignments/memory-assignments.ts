import { HalyardError } from "../errors.ts";
import type { AssignmentStore, NewAssignment } from "./assignment-store.ts";

const MAX_UNITS = 100_000;

/** Most experiments of one unit; the oldest assignments go first. */
const MAX_EXPERIMENTS = 1000;

export interface MemoryAssignmentsOptions {
  /** Most units that are remembered; those that were not asked for the longest go. Default 100,000. */
  readonly max?: number | undefined;
}

/**
 * Assignments in this process, for one process or for tests; the reference implementation of the
 * port. Throws `INVALID_OPTIONS`.
 */
export class MemoryAssignments implements AssignmentStore {
  readonly name = "memory";
  readonly #max: number;
  /** The longest unused first. */
  readonly #units = new Map<string, Map<string, string>>();

  constructor({ max = MAX_UNITS }: MemoryAssignmentsOptions = {}) {
    if (!Number.isSafeInteger(max) || max < 1) {
      const message = `MemoryAssignments: \`max\` must be a whole number from 1, not ${max}.`;
      throw new HalyardError("INVALID_OPTIONS", message);
    }
    this.#max = max;
  }

  /** Units that are remembered. */
  get size(): number {
    return this.#units.size;
  }

  async load(units: readonly string[]): Promise<readonly ReadonlyMap<string, string>[]> {
    return units.map((unit) => new Map(this.#used(unit)));
  }

  async assign(assignments: readonly NewAssignment[]): Promise<readonly string[]> {
    return assignments.map((assignment) => this.#assign(assignment));
  }

  #assign({ unit, experiment, variant, replaces }: NewAssignment): string {
    const variants = this.#used(unit) ?? this.#add(unit);
    const standing = variants.get(experiment);
    if (standing !== undefined && standing !== replaces) return standing;
    variants.set(experiment, variant);
    dropFirst(variants, MAX_EXPERIMENTS);
    return variant;
  }

  #add(unit: string): Map<string, string> {
    const variants = new Map<string, string>();
    this.#units.set(unit, variants);
    dropFirst(this.#units, this.#max);
    return variants;
  }

  /** From now on the last that would be forgotten. */
  #used(unit: string): Map<string, string> | undefined {
    const variants = this.#units.get(unit);
    if (variants === undefined) return undefined;
    this.#units.delete(unit);
    this.#units.set(unit, variants);
    return variants;
  }
}

function dropFirst(map: Map<string, unknown>, max: number): void {
  if (map.size <= max) return;
  for (const first of map.keys()) {
    map.delete(first);
    return;
  }
}
