import { HalyardError } from "@halyard/core";

/** A batch that could not be delivered. */
export function exportFailed(message: string, cause?: unknown): HalyardError {
  return new HalyardError("EXPORT_FAILED", message, { cause });
}

/** What an error of Node's says in short: its code, else its message. */
export function reasonOf(error: unknown): string {
  const { code, message } = (error ?? {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
  };
  return typeof code === "string" ? code : String(message ?? error);
}
