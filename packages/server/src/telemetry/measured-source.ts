import { HalyardError, type HalyardErrorCode } from "@halyard/core";

export type CallError = HalyardErrorCode | "TIMEOUT" | "ERROR";

/** Told how one call of a source goes. */
export interface CallRecorder {
  /** Milliseconds. */
  readonly answered: (duration: number) => void;
  /** Nobody waits any more; the answer may still come. */
  readonly late: () => void;
  readonly failed: (type: CallError, error: unknown) => void;
}

export interface MeasureOptions {
  /** Operations by the names of the methods. */
  readonly operations: Readonly<Record<string, string>>;
  readonly begin: (operation: string) => CallRecorder;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Milliseconds after which nobody waits any more for a subject. */
  readonly subjectDeadline: number;
}

/** The same for other calls, as in `instance/source-calls.ts`. */
const PATIENCE = 10_000;

/** The operation of reading a subject. */
export const SUBJECT = "read_subject";
const ASSIGNMENTS = "read_assignments";

/** Those of a source or a store. */
export const SOURCE_OPERATIONS: Readonly<Record<string, string>> = {
  readSync: "read",
  read: "read",
  readSubject: SUBJECT,
  write: "write",
};

/** Those of a store of assignments, which are read along with a subject. */
export const ASSIGNMENT_OPERATIONS: Readonly<Record<string, string>> = {
  load: ASSIGNMENTS,
  assign: "write_assignments",
};

type Method = (...values: unknown[]) => unknown;

/** The same source, whose calls are timed. What it does not have, this has not either. */
export function measuredSource<Source extends object>(
  source: Source,
  options: MeasureOptions,
): Source {
  const { operations } = options;
  const methods = new Map<PropertyKey, { readonly of: unknown; readonly method: Method }>();
  return new Proxy(source, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const known = methods.get(name);
      if (known?.of === value) return known.method;
      // Bound: private fields are the target's alone.
      const bound = value.bind(target) as Method;
      const operation =
        typeof name === "string" && Object.hasOwn(operations, name) ? operations[name] : undefined;
      const method = operation === undefined ? bound : measured(operation, bound, options);
      methods.set(name, { of: value, method });
      return method;
    },
  });
}

function measured(operation: string, call: Method, options: MeasureOptions): Method {
  const { begin, now, subjectDeadline } = options;
  const isWaitedFor = operation === SUBJECT || operation === ASSIGNMENTS;
  const deadline = isWaitedFor ? subjectDeadline : PATIENCE;
  return (...values) => {
    const recorder = begin(operation);
    const start = now();
    let result: unknown;
    try {
      result = call(...values);
    } catch (error) {
      recorder.failed(typeOf(error), error);
      throw error;
    }
    if (!(result instanceof Promise)) {
      recorder.answered(now() - start);
      return result;
    }
    const timer = setTimeout(recorder.late, deadline).unref();
    return result.then(
      (value) => {
        clearTimeout(timer);
        recorder.answered(now() - start);
        return value;
      },
      (error: unknown) => {
        clearTimeout(timer);
        recorder.failed(typeOf(error), error);
        throw error;
      },
    );
  };
}

function typeOf(error: unknown): CallError {
  return error instanceof HalyardError ? error.code : "ERROR";
}
