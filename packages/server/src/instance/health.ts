import { HalyardError } from "@halyard/core";
import type { SubjectCache } from "../subjects/subject-cache.ts";
import type { DefinitionsReplica } from "./definitions-replica.ts";

/** How an instance is. `degraded`: the last good definitions serve; `unhealthy`: there are none. */
export interface Health {
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly provider: {
    readonly connected: boolean;
    /** What is wrong now; absent while all is well. */
    readonly last_error?: string;
    /** Its code, for those who may not see texts. */
    readonly last_error_code?: string;
    /** ISO 8601. */
    readonly last_error_at?: string;
  };
  /** Subjects' overrides and groups; `enabled` with a store. */
  readonly cache: {
    readonly enabled: boolean;
    /** 0 to 1; null before the first subject. */
    readonly hit_rate: number | null;
    readonly size: number;
    readonly max_size: number;
  };
  /** ISO 8601; null before the first load. */
  readonly last_refresh: string | null;
  readonly flags_loaded: number;
}

export function healthOf(replica: DefinitionsReplica, cache: SubjectCache | undefined): Health {
  const { snapshot, lastError, lastRefresh } = replica;
  const isCurrent = snapshot.ready && !snapshot.stale && lastError === undefined;
  const connected = isCurrent && cache?.circuitOpen !== true;
  return {
    status: connected ? "healthy" : snapshot.ready ? "degraded" : "unhealthy",
    provider: {
      connected,
      ...(lastError === undefined
        ? {}
        : {
            last_error: lastError.error.message,
            last_error_code:
              lastError.error instanceof HalyardError ? lastError.error.code : "SOURCE_READ_FAILED",
            last_error_at: new Date(lastError.at).toISOString(),
          }),
    },
    cache: {
      enabled: cache !== undefined,
      hit_rate: cache === undefined ? null : hitRate(cache),
      size: cache?.size ?? 0,
      max_size: cache?.max ?? 0,
    },
    last_refresh: lastRefresh === undefined ? null : new Date(lastRefresh).toISOString(),
    flags_loaded: snapshot.flags.size,
  };
}

function hitRate({ counts: { hits, misses } }: SubjectCache): number | null {
  return hits + misses === 0 ? null : hits / (hits + misses);
}
