import type { FlagClient } from "./client.ts";
import type { AnyContext } from "./evaluation/context.ts";
import type { SubjectLoader } from "./evaluation/subject-loader.ts";
import type { Snapshot } from "./snapshot.ts";

/** How often flags were read. Fields that clients add to: calls would cost more than a read. */
export interface ReadCounts {
  /** Reads of flags; `all()` reads none in this sense. */
  total: number;
  /** Those that gave the caller's default. */
  failed: number;
  /** From this `total` on, the next read of a known flag is timed. */
  readonly timeAt: number;
  /** Told how long that took; milliseconds. */
  readonly timed: (duration: number) => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** What a client needs of the instance that makes it. */
export interface ClientHost {
  /** The current snapshot; a client keeps the one it got until `refresh`. */
  readonly snapshot: Snapshot;
  /** What `enabled` gives for a flag that can't be read, when the caller says nothing. */
  readonly defaultEnabled: boolean;
  /** What a store knows of subjects; absent without one. */
  readonly subjects?: SubjectLoader | undefined;
  /** What counts reads; absent: nothing does. */
  readonly reads?: ReadCounts | undefined;
  /** `context` is the client's as it was given. */
  readonly track: (event: string, data: unknown, client: FlagClient, context: AnyContext) => void;
}
