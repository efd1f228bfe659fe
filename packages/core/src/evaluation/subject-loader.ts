import type { OverrideSet } from "../overrides/override-set.ts";
import type { Snapshot } from "../snapshot.ts";
import type { AnyContext } from "./context.ts";

/** What a store knows of subjects, beside their contexts. */
export interface SubjectLoader {
  /** What reads for the context's subject see, without waiting. */
  readonly open: (context: AnyContext, snapshot: Snapshot) => SubjectView;
  /** Reads the subject; `undefined` when there is nothing to wait for. Never rejects. */
  readonly load: (context: AnyContext) => Promise<void> | undefined;
}

export interface SubjectView {
  /** The context, joined by the groups that the store knows of. */
  readonly context: AnyContext;
  /** `undefined` when the subject has none. */
  readonly overrides: OverrideSet | undefined;
  /** `false`: what the store knows of it has not been read. */
  readonly known: boolean;
  /** Its overrides are not known, and may matter: only what holds for everybody can be read. */
  readonly closed: boolean;
}
