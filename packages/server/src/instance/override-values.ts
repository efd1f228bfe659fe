import {
  copyPlain,
  type Flag,
  fitsType,
  freezeJson,
  HalyardError,
  type JsonValue,
  type Scope,
} from "@halyard/core";
import type { SetOptions } from "./overrides.ts";

/** Characters that a value may have as JSON. */
const MAX_VALUE = 64 * 1024;

const MAX_REASON = 1000;

/** Milliseconds that a session's override lasts unless said otherwise. */
const SESSION_LIFE = 24 * 60 * 60 * 1000;

/** The latest time that a `Date` can be. */
const LAST_TIME = 8.64e15;

/** The value as nobody else can change it. Throws `INVALID_OVERRIDE` for what is no JSON. */
export function ownValue(value: unknown, key: string): JsonValue {
  const frozen = freezeJson(copyPlain(value));
  if (frozen === undefined) throw invalid(`The value for "${key}" is no JSON value.`);
  if (typeof frozen !== "boolean" && JSON.stringify(frozen).length > MAX_VALUE) {
    throw invalid(`The value for "${key}" is longer than ${MAX_VALUE} characters.`);
  }
  return frozen;
}

/** Throws `INVALID_OVERRIDE` for a value that reads of the flag could not give. */
export function checkValue(value: JsonValue, key: string, flag: Flag | undefined): void {
  if (flag === undefined || fitsType(value, flag.type)) return;
  throw invalid(`Flag "${key}" is of type ${flag.type}, and the value is not.`);
}

/** Throws `INVALID_OVERRIDE`. */
export function checkReason(reason: unknown, isRequired = false): string | undefined {
  if (reason === undefined && !isRequired) return undefined;
  if (typeof reason !== "string" || reason.trim() === "") {
    throw invalid(isRequired ? "An emergency needs a `reason`." : "`reason` must be a text.");
  }
  if (reason.length <= MAX_REASON) return reason;
  throw invalid(`\`reason\` has ${reason.length} characters; at most ${MAX_REASON} are kept.`);
}

/** Epoch milliseconds. Throws `INVALID_OVERRIDE` for what has passed, or is no time. */
export function expiryOf(
  { expiresAt, expiresIn }: Pick<SetOptions, "expiresAt" | "expiresIn">,
  { kind }: Scope,
  now: number,
): number | undefined {
  if (expiresAt !== undefined && expiresIn !== undefined) {
    throw invalid("Pass `expiresAt` or `expiresIn`, not both.");
  }
  const end =
    expiresAt === undefined
      ? (expiresIn ?? (kind === "session" ? SESSION_LIFE : undefined))
      : timeOf(expiresAt) - now;
  if (end === undefined) return undefined;
  if (typeof end !== "number" || !(end > 0) || now + end > LAST_TIME) {
    const given = expiresAt === undefined ? "expiresIn" : "expiresAt";
    throw invalid(`\`${given}\` must lie in the future.`);
  }
  return now + end;
}

function timeOf(time: Date | string | number): number {
  if (time instanceof Date) return time.getTime();
  return typeof time === "string" ? Date.parse(time) : time;
}

export function invalid(message: string): HalyardError {
  return new HalyardError("INVALID_OVERRIDE", message);
}
