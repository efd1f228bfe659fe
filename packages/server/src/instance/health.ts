import { HalyardError, type MetricsState } from "@halyard/core";
import type { InstanceAnalytics } from "../analytics/analytics.ts";
import type { AssignmentHealth } from "../assignments/health.ts";
import type { Assignments } from "../assignments/open-assignments.ts";
import type { SubjectCache } from "../subjects/subject-cache.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { DefinitionsReplica } from "./definitions-replica.ts";

/**
 * How an instance is.
 *
 * - `healthy`: every source serves what it holds now, and the store can be asked for subjects.
 * - `degraded`: flags are served, but not all is well: a source can't be read, has not answered
 *   yet, or holds definitions that were refused, so that the last good ones serve; or the store
 *   failed so often that it is spared, so that subjects go without their overrides; or assignments
 *   of experiments can't be read or written.
 * - `unhealthy`: there are no definitions, and every read gives the caller's default.
 *
 * What reads give, and how long they take, changes none of it.
 */
export interface Health {
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly provider: {
    /** Whether the status is `healthy`. */
    readonly connected: boolean;
    /** That the last call of a source or store took that was answered; null before the first. */
    readonly latency_ms: number | null;
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
  /** There where assignments of experiments are kept. */
  readonly assignments?: AssignmentHealth;
  readonly flags_loaded: number;
  /** Of all reads since the instance was made; `all()` reads none in this sense. */
  readonly evaluation_stats: {
    readonly total_evaluations: number;
    /** Share of the reads that gave the caller's default, 0 to 1; null before the first read. */
    readonly error_rate: number | null;
    /**
     * Milliseconds, of the last 1024 reads that were timed: the first one, and then one in 1024 on
     * average. Null before.
     */
    readonly avg_latency_ms: number | null;
    readonly p99_latency_ms: number | null;
  };
}

type Figures = Pick<Telemetry, "reads" | "lastLatency" | "subjectFailure">;

export interface Fault {
  readonly message: string;
  readonly code: string;
  readonly at: number;
}

export function healthOf(
  replica: DefinitionsReplica,
  cache: SubjectCache | undefined,
  figures: Figures,
  assignments?: Assignments,
): Health {
  const { snapshot, lastRefresh } = replica;
  const { reads, lastLatency } = figures;
  const assigned = assignments?.health();
  const connected = isConnected(replica, cache) && assigned?.connected !== false;
  const fault = faultOf(replica, cache, figures) ?? assignments?.fault();
  const { average, p99 } = reads.latency;
  return {
    status: connected ? "healthy" : snapshot.ready ? "degraded" : "unhealthy",
    provider: {
      connected,
      latency_ms: lastLatency ?? null,
      ...(fault === undefined
        ? {}
        : {
            last_error: fault.message,
            last_error_code: fault.code,
            last_error_at: new Date(fault.at).toISOString(),
          }),
    },
    cache: {
      enabled: cache !== undefined,
      hit_rate: cache === undefined ? null : hitRate(cache),
      size: cache?.size ?? 0,
      max_size: cache?.max ?? 0,
    },
    last_refresh: lastRefresh === undefined ? null : new Date(lastRefresh).toISOString(),
    ...(assigned === undefined ? {} : { assignments: assigned }),
    flags_loaded: snapshot.flags.size,
    evaluation_stats: {
      total_evaluations: reads.total,
      error_rate: reads.errorRate,
      avg_latency_ms: average,
      p99_latency_ms: p99,
    },
  };
}

/** What is wrong now: with definitions, else with subjects. */
function faultOf(
  { lastError }: DefinitionsReplica,
  cache: SubjectCache | undefined,
  { subjectFailure }: Figures,
): Fault | undefined {
  if (lastError !== undefined) {
    const { error, at } = lastError;
    const code = error instanceof HalyardError ? error.code : "SOURCE_READ_FAILED";
    return { message: error.message, code, at };
  }
  if (cache?.circuitOpen !== true || subjectFailure === undefined) return undefined;
  const { message, at } = subjectFailure;
  return { message, code: "STORE_READ_FAILED", at };
}

/** What gauges of metrics show. */
export function metricsState(
  replica: DefinitionsReplica,
  cache: SubjectCache | undefined,
  analytics: Pick<InstanceAnalytics, "lostEvents">,
): MetricsState {
  const { flags } = replica.snapshot;
  let activeFlags = 0;
  for (const { outcome } of flags.values()) if (outcome?.cause !== "OFF") activeFlags++;
  return {
    cacheSize: cache?.size ?? 0,
    cacheMaxSize: cache?.max ?? 0,
    providerConnected: isConnected(replica, cache),
    flags: flags.size,
    activeFlags,
    lostEvents: analytics.lostEvents(),
  };
}

function isConnected(replica: DefinitionsReplica, cache: SubjectCache | undefined): boolean {
  const { snapshot, lastError } = replica;
  const isCurrent = snapshot.ready && !snapshot.stale && lastError === undefined;
  return isCurrent && cache?.circuitOpen !== true;
}

function hitRate({ counts: { hits, misses } }: SubjectCache): number | null {
  return hits + misses === 0 ? null : hits / (hits + misses);
}
