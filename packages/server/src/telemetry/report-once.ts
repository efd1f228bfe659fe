import { type Log, messageOf } from "../instance/log.ts";

/** Faults of those who record, which may come with every read: each message is logged once. */
export type FaultReport = (who: string, error: unknown) => void;

/** Messages that are remembered; more different ones are not told. */
const MOST = 100;

export function reportOnce(log: Log): FaultReport {
  const told = new Set<string>();
  return (who, error) => {
    const message = `${who} threw: ${messageOf(error)}`;
    if (told.has(message) || told.size >= MOST) return;
    told.add(message);
    log.error(message);
  };
}
