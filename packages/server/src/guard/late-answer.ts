/** How long a handler that has returned may take for an answer that it did not wait for itself. */
const AFTER_RETURN = 10_000;
/** The same behind a promise: only what was started and not awaited is still to come. */
const AFTER_PROMISE = 1000;

/**
 * Denies when a handler has ended and no answer comes. Not at once where the framework renders
 * pages and sends files behind a handler's back: nobody can tell those from nothing.
 */
export function denyUnlessAnswered(
  result: unknown,
  answered: () => boolean,
  deny: () => void,
): void {
  if (answered()) return;
  const check = (): void => {
    if (!answered()) deny();
  };
  setTimeout(check, isThenable(result) ? AFTER_PROMISE : AFTER_RETURN).unref();
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
