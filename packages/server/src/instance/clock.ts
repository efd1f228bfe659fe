import type { Clock } from "@halyard/core";
import { type Log, messageOf } from "./log.ts";

/** A clock of the application's that throws, or gives no time, must not break reads. */
export function safeClock(clock: Clock = Date.now, log: Log): Clock {
  if (clock === Date.now) return clock;
  return () => {
    try {
      const now = clock();
      if (Number.isFinite(now)) return now;
      log.misuse("CLOCK_FAILED", "`clock` gave no number, so the system's time is used.");
    } catch (error) {
      const message = `\`clock\` threw, so the system's time is used: ${messageOf(error)}`;
      log.misuse("CLOCK_FAILED", message);
    }
    return Date.now();
  };
}
