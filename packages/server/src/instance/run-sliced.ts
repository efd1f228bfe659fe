/** Longest uninterrupted run, in milliseconds: a request that arrives meanwhile waits no longer. */
const SLICE = 10;

/** Runs a generator that yields to offer pauses, letting the event loop in every few milliseconds. */
export async function runSliced<T>(steps: Generator<void, T, void>): Promise<T> {
  let until = performance.now() + SLICE;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() >= until) {
      await new Promise((resolve) => setImmediate(resolve));
      until = performance.now() + SLICE;
    }
  }
}
