import type { OverrideSet } from "../overrides/override-set.ts";
import type { Snapshot } from "../snapshot.ts";
import type { AnyContext } from "./context.ts";

/** What a store knows of subjects, beside their contexts. */
export interface SubjectLoader {
  /** The snapshot without its flags: the first read misses, and opens it for its subject. */
  readonly unopened: (snapshot: Snapshot) => Snapshot;
  /** What reads for the context's subject see of a whole snapshot, without waiting. */
  readonly open: (context: AnyContext, snapshot: Snapshot) => SubjectView;
  /** Reads the subject; `undefined` when there is nothing to wait for. Never rejects. */
  readonly load: (context: AnyContext) => Promise<void> | undefined;
}

export interface SubjectView {
  /** Without its flags, where nothing may be read for a subject that is not known. */
  readonly snapshot: Snapshot;
  /** Joined by the groups that the store knows of. */
  readonly context: AnyContext;
  /** `undefined` when the subject has none. */
  readonly overrides: OverrideSet | undefined;
  /** `false`: what the store knows of it has not been read. */
  readonly known: boolean;
}
