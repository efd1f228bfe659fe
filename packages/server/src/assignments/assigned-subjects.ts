import {
  type AnyContext,
  isLazy,
  readAttribute,
  type Snapshot,
  type SubjectLoader,
  type SubjectView,
} from "@halyard/core";
import { type AssignmentCache, assignableUnit } from "./assignment-cache.ts";

/** Loads a subject's assignments along with what the store of overrides knows of it. */
export class AssignedSubjects implements SubjectLoader {
  readonly #inner: SubjectLoader;
  readonly #cache: AssignmentCache;
  readonly #current: () => Snapshot;

  /** `current` gives the snapshot whose experiments say which attributes are units. */
  constructor(inner: SubjectLoader, cache: AssignmentCache, current: () => Snapshot) {
    this.#inner = inner;
    this.#cache = cache;
    this.#current = current;
  }

  unopened(snapshot: Snapshot): Snapshot {
    return this.#inner.unopened(snapshot);
  }

  /** A subject whose assignments are missing is not known, but nothing is hidden from it. */
  open(context: AnyContext, snapshot: Snapshot): SubjectView {
    const view = this.#inner.open(context, snapshot);
    const isAssigned = this.#cache.isKnown(this.#units(context, snapshot));
    return isAssigned ? view : { ...view, known: false };
  }

  load(context: AnyContext): Promise<void> | undefined {
    const look = (): readonly string[] => this.#units(context, this.#current());
    const units =
      isLazy(context) && context.tentatively !== undefined ? context.tentatively(look) : look();
    const subject = this.#inner.load(context);
    const assignments = this.#cache.load(units);
    if (subject === undefined || assignments === undefined) return subject ?? assignments;
    return Promise.all([subject, assignments]).then(() => {});
  }

  /** What the experiments go by, of this subject. */
  #units(context: AnyContext, { slots }: Snapshot): readonly string[] {
    const units = new Set<string>();
    for (const path of slots.paths(this.#cache.view)) {
      const unit = assignableUnit(readAttribute(context, path));
      if (unit !== undefined) units.add(unit);
    }
    return [...units];
  }
}
