import type { Logger } from "@halyard/core";

export interface Log extends Logger {
  /** Misuse and faults, also without a logger; each code once. `source`: help, see ERRORS.md. */
  misuse(code: string, message: string): void;
}

/**
 * The application's logger. Without one, faults go to `process.emitWarning`: what went wrong is
 * never only swallowed.
 */
export function createLog(logger: Logger | undefined): Log {
  const told = new Set<string>();
  return {
    debug: logger === undefined ? silent : safely(logger, "debug"),
    info: logger === undefined ? silent : safely(logger, "info"),
    warn: logger === undefined ? emitWarning : safely(logger, "warn"),
    error: logger === undefined ? emitWarning : safely(logger, "error"),
    misuse: (code, message) => {
      if (told.has(code)) return;
      told.add(code);
      process.emitWarning(message, { type: "HalyardWarning", code: `HALYARD_${code}` });
    },
  };
}

function silent(): void {}

/** A logger that throws must not stop what it was to be told of. */
function safely(logger: Logger, level: keyof Logger): (message: string) => void {
  return (message) => {
    try {
      const written: unknown = logger[level](message);
      // One that is `async` may reject, which would end the process.
      if (written instanceof Promise) written.catch((error: unknown) => complain(error, message));
    } catch (error) {
      complain(error, message);
    }
  };
}

function complain(error: unknown, message: string): void {
  emitWarning(`The logger threw (${messageOf(error)}) when it was told: ${message}`);
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: "HalyardWarning" });
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return "something that can't be shown as text";
  }
}
