/** Milliseconds between two looks. */
const PAUSE = 10;

/** Milliseconds that something may take to be seen. */
const PATIENCE = 30_000;

/** Waits until a condition holds; rejects with what was waited for when it never does. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}.`);
    await pause(PAUSE);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
