import { type FieldRule, objectOf } from "../../check-fields.ts";

/** How many may listen for changes, and for how long. */
export interface StreamOptions {
  /** Clients that may listen at a time. Default 100. */
  readonly maxClients?: number | undefined;
  /** Milliseconds between signs of life. Default 15,000. */
  readonly heartbeat?: number | undefined;
  /**
   * Milliseconds that a stream lasts, roughly. Clients come back by themselves, and `authorize` is
   * asked again. Default 300,000.
   */
  readonly lifetime?: number | undefined;
  /** Bytes that wait for a client that does not read, before it is left. Default 262,144. */
  readonly maxBuffer?: number | undefined;
}

/** The longest delay of a timer, in milliseconds. */
const LONGEST = 2_147_483_647;

function integer(least: number, most: number): FieldRule {
  return {
    expected: `an integer from ${least} to ${most}`,
    accepts: (value) =>
      Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

export const STREAM_OPTIONS: FieldRule = objectOf<StreamOptions>({
  maxClients: integer(1, 100_000),
  heartbeat: integer(10, LONGEST),
  lifetime: integer(10, LONGEST),
  maxBuffer: integer(1024, 67_108_864),
});
