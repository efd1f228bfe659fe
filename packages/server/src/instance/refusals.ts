import { HalyardError, MAX_CHANGES } from "@halyard/core";

// What the replica says when it does not do what it was asked for.

export function offline(names: readonly string[]): HalyardError {
  const message = `The instance is offline, so ${names.join(", ")} can't be asked.`;
  return new HalyardError("SOURCE_READ_FAILED", message);
}

export function isInvalid(error: unknown): error is HalyardError {
  return error instanceof HalyardError && error.code === "INVALID_DEFINITIONS";
}

export function unsent(name: string): HalyardError {
  const message = `${name} did not take earlier writes in time, so this one was not made. Check the store, then write again.`;
  return new HalyardError("STORE_WRITE_FAILED", message);
}

export function tooMany(count: number): HalyardError {
  const message = `${count} changes are more than the ${MAX_CHANGES} of one write.`;
  return new HalyardError("INVALID_OPTIONS", message);
}

export function closed(): HalyardError {
  return new HalyardError("CLOSED", "The instance is closed, so nothing can be written.");
}
