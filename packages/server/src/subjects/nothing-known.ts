import { hideFlags, type Snapshot, type SubjectLoader } from "@halyard/core";

/** Of subjects, where there is no store. */
export class NothingKnown implements SubjectLoader {
  #unopened: Snapshot | undefined;

  unopened(snapshot: Snapshot): Snapshot {
    if (this.#unopened?.whole !== snapshot) this.#unopened = hideFlags(snapshot, "unopened");
    return this.#unopened as Snapshot;
  }

  open(
    context: Parameters<SubjectLoader["open"]>[0],
    snapshot: Snapshot,
  ): ReturnType<SubjectLoader["open"]> {
    return { snapshot, context, overrides: undefined, known: true };
  }

  load(): undefined {
    return undefined;
  }
}
