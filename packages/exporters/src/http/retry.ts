/** However long a collector asks for, in milliseconds. */
const MAX_RETRY_AFTER = 3_600_000;

/** Answers after which the same may be taken the next time. */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Doubles with each attempt, from 1, up to a limit; and half of it is left to chance. */
export function backoff(attempt: number, first: number, most: number): number {
  const delay = Math.min(most, first * 2 ** (attempt - 1));
  return delay / 2 + (Math.random() * delay) / 2;
}

/** `Retry-After` in milliseconds: seconds or a date; 0 for what is neither. */
export function retryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const wanted = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(wanted) ? 0 : Math.min(Math.max(wanted, 0), MAX_RETRY_AFTER);
}

/** Resolves after so many milliseconds, or once it is given up. Keeps no process alive. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds).unref();
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
}
