import { type DefinitionSource, HalyardError, type HalyardErrorCode } from "@halyard/core";

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

/** Operations by the names of the methods. */
const OPERATIONS: Readonly<Record<string, string>> = {
  readSync: "read",
  read: "read",
  readSubject: SUBJECT,
  write: "write",
};

type Method = (...values: unknown[]) => unknown;

/** The same source, whose calls are timed. What it does not have, this has not either. */
export function measuredSource<Source extends DefinitionSource>(
  source: Source,
  options: MeasureOptions,
): Source {
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
        typeof name === "string" && Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
      const method = operation === undefined ? bound : measured(operation, bound, options);
      methods.set(name, { of: value, method });
      return method;
    },
  });
}

function measured(operation: string, call: Method, options: MeasureOptions): Method {
  const { begin, now, subjectDeadline } = options;
  const deadline = operation === SUBJECT ? subjectDeadline : PATIENCE;
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
