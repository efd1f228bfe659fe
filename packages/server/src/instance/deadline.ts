import { HalyardError, type HalyardErrorCode } from "@halyard/core";

/**
 * What the promise gives, or a rejection once `milliseconds` have passed without it. The promise
 * goes on; who needs its late outcome keeps it. The timer does not keep the process alive.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  milliseconds: number,
  code: HalyardErrorCode,
  message: string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HalyardError(code, message)), milliseconds).unref();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
