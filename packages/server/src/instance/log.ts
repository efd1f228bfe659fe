import type { Logger } from "@halyard/core";

export interface Log extends Logger {
  /** Misuse and faults, also without a logger; each code once. `source`: help, see ERRORS.md. */
  misuse(code: string, message: string): void;
}

const SILENT: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};

/**
 * The application's logger. Without one, faults go to `process.emitWarning`: what went wrong is
 * never only swallowed.
 */
export function createLog(logger: Logger | undefined): Log {
  const told = new Set<string>();
  const { debug, info, warn, error } = logger ?? SILENT;
  const bound = logger ?? SILENT;
  return {
    debug: (message) => debug.call(bound, message),
    info: (message) => info.call(bound, message),
    warn: logger === undefined ? emitWarning : (message) => warn.call(bound, message),
    error: logger === undefined ? emitWarning : (message) => error.call(bound, message),
    misuse: (code, message) => {
      if (told.has(code)) return;
      told.add(code);
      process.emitWarning(message, { type: "HalyardWarning", code: `HALYARD_${code}` });
    },
  };
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: "HalyardWarning" });
}
