import {
  type AssignmentBook,
  type AssignmentStore,
  type Clock,
  HalyardError,
  type HalyardErrorCode,
  type Snapshot,
  type SubjectLoader,
} from "@halyard/core";
import type { Fault } from "../instance/health.ts";
import { type Log, messageOf } from "../instance/log.ts";
import { NothingKnown } from "../subjects/nothing-known.ts";
import { DEFAULT_DEADLINE, DEFAULT_MAX, DEFAULT_TTL } from "../subjects/open-subjects.ts";
import type { SubjectOptions } from "../subjects/options.ts";
import { ASSIGNMENT_OPERATIONS } from "../telemetry/measured-source.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { AssignedSubjects } from "./assigned-subjects.ts";
import { AssignmentCache } from "./assignment-cache.ts";
import { AssignmentWriter } from "./assignment-writer.ts";
import { type AssignmentHealth, assignmentHealth } from "./health.ts";

/** Milliseconds between two lines in the log about the same trouble. */
const REPORT_INTERVAL = 60_000;

/** Of the time that `close` has: what is not written by then is lost, and that is said. */
const PATIENCE = 0.9;

/** What an instance has of its experiments' assignments. */
export interface Assignments {
  /** For flags that are compiled with it. */
  readonly book: AssignmentBook;
  /** Loads them with a subject, beside what else there is to load. */
  readonly joinedTo: (loader: SubjectLoader | undefined, current: () => Snapshot) => SubjectLoader;
  readonly health: () => AssignmentHealth;
  /** What is wrong while its health is not connected. */
  readonly fault: () => Fault | undefined;
  /** Writes what waits, and closes the store. Never rejects. */
  readonly close: (timeout: number) => Promise<void>;
}

export interface AssignmentParts {
  readonly telemetry: Pick<Telemetry, "measured">;
  readonly log: Log;
  readonly clock: Clock;
}

export function openAssignments(
  given: AssignmentStore,
  options: SubjectOptions,
  { telemetry, log, clock }: AssignmentParts,
): Assignments {
  const { deadline = DEFAULT_DEADLINE } = options;
  const store = telemetry.measured(given, deadline, ASSIGNMENT_OPERATIONS);
  let lastLoad: Fault | undefined;
  let lastWrite: Fault | undefined;
  const reportLoad = onceInAWhile(log);
  const reportWrite = onceInAWhile(log);
  const reportDropped = onceInAWhile(log);
  const writer = new AssignmentWriter({
    store,
    random: Math.random,
    onStanding: (assignment, variant) => cache.standing(assignment, variant),
    onDropped: () =>
      reportDropped(
        `Assignments are lost: too many waited for ${store.name}, or it had no time for them. So far ${writer.dropped}.`,
      ),
    onError: (error) => {
      lastWrite = faultOf(error, "STORE_WRITE_FAILED", clock);
      reportWrite(`Assignments can't be written; it will be tried again. ${lastWrite.message}`);
    },
  });
  const cache = new AssignmentCache({
    store,
    ttl: options.ttl ?? DEFAULT_TTL,
    max: options.max ?? DEFAULT_MAX,
    deadline,
    now: () => performance.now(),
    random: Math.random,
    onError: (error) => {
      lastLoad = faultOf(error, "STORE_READ_FAILED", clock);
      reportLoad(
        `Assignments can't be loaded, so experiments go by their weights. ${lastLoad.message}`,
      );
    },
    onCircuit: (open, error) => {
      if (open) {
        log.error(
          `Assignments can't be loaded from ${store.name} again and again, so it is left alone for a while. ${messageOf(error)}`,
        );
      } else log.info(`Assignments can be loaded from ${store.name} again.`);
    },
    onNotLoaded: () =>
      log.misuse(
        "ASSIGNMENT_NOT_LOADED",
        "An experiment was read before the subject's assignments were loaded, so its weights decided. Mount flags() after authentication, or `await req.flags.ready()` first; for clients of jobs, `await client.ready()`.",
      ),
    onAssigned: (assignment) => writer.push(assignment),
  });
  return {
    book: cache,
    joinedTo: (loader, current) =>
      new AssignedSubjects(loader ?? new NothingKnown(), cache, current),
    health: () => assignmentHealth(cache, writer),
    fault: () => {
      if (cache.circuitOpen) return lastLoad;
      return writer.isFailing ? lastWrite : undefined;
    },
    close: async (timeout) => {
      cache.close();
      await writer.close(timeout * PATIENCE);
      try {
        await store.close?.();
      } catch (error) {
        log.error(`The store of assignments failed while it was closed: ${messageOf(error)}`);
      }
    },
  };
}

function faultOf(error: unknown, code: HalyardErrorCode, clock: Clock): Fault {
  const known = error instanceof HalyardError ? error.code : code;
  return { message: messageOf(error), code: known, at: clock() };
}

function onceInAWhile(log: Log): (message: string) => void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  return (message) => {
    const now = performance.now();
    if (now - reportedAt < REPORT_INTERVAL) return;
    reportedAt = now;
    log.warn(message);
  };
}
