import { expect, onTestFinished } from "vitest";
import {
  createFlags,
  type Flags,
  type FlagsOptions,
  type ReloadEvent,
} from "../../../packages/server/src/index.ts";

export interface Made {
  readonly flags: Flags;
  /** As `level: message`. */
  readonly logs: string[];
  readonly reloads: ReloadEvent[];
}

/** An instance that the test listens to, and that is closed with it. */
export function make(options: FlagsOptions): Made {
  const logs: string[] = [];
  const reloads: ReloadEvent[] = [];
  const log = (level: string) => (message: string) => void logs.push(`${level}: ${message}`);
  const flags = createFlags({
    environment: "test",
    startTimeout: 60_000,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    hooks: { onReload: (event) => void reloads.push(event) },
    ...options,
  });
  onTestFinished(() => flags.close());
  return { flags, logs, reloads };
}

export const statusOf = (flags: Flags): string => flags.health().status;

/** Waits until a condition holds; long enough for a machine that has much else to do. */
export async function until(condition: () => boolean, timeout = 20_000): Promise<void> {
  await expect.poll(condition, { interval: 2, timeout }).toBe(true);
}
