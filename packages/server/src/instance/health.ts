import { HalyardError } from "@halyard/core";
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
  /** ISO 8601; null before the first load. */
  readonly last_refresh: string | null;
  readonly flags_loaded: number;
}

export function healthOf(replica: DefinitionsReplica): Health {
  const { snapshot, lastError, lastRefresh } = replica;
  const connected = snapshot.ready && lastError === undefined;
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
    last_refresh: lastRefresh === undefined ? null : new Date(lastRefresh).toISOString(),
    flags_loaded: snapshot.flags.size,
  };
}
