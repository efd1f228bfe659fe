import { isKey, KEY_RULE } from "../definition/keys.ts";
import { HalyardError, type HalyardErrorCode } from "../errors.ts";
import { freezeJson, isPlainObject, type JsonValue } from "../json.ts";
import { type Actor, checkActor } from "../overrides/actor.ts";
import { layerOf, MAX_SCOPE_ID, parseScopeKey } from "../overrides/scope.ts";
import {
  type Attribution,
  type DefinitionChange,
  type GroupChange,
  MAX_CHANGES,
  type OverrideChange,
  type OverrideValue,
  type ProposalChange,
  type StoreChange,
} from "./store.ts";

/** Longest definition or override's value, as characters of its JSON. */
const MAX_JSON = 1_000_000;

/** Longest JSON of all changes of a write together. */
const MAX_WRITE = 16_000_000;

/** Longest name of a segment or a group, in UTF-16 units. */
const MAX_NAME = 256;

const MAX_REASON = 10_000;

/** Epoch milliseconds further than this are no date. */
const MAX_TIME = 8_640_000_000_000_000;

/** Whether every store can keep a text, give it back as it was, and be asked for it. */
export function isStorable(text: unknown, longest: number): text is string {
  return (
    typeof text === "string" &&
    text !== "" &&
    text.length <= longest &&
    text.isWellFormed() &&
    !text.includes("\0")
  );
}

/** A write whose parts are the store's own: nobody changes them later. */
export interface CheckedWrite {
  readonly changes: readonly StoreChange[];
  readonly by: Attribution;
}

/**
 * Checks what no store can keep, before anything is read or written, and copies the rest. Throws
 * `INVALID_KEY`, `INVALID_DEFINITIONS`, `INVALID_SCOPE`, `INVALID_OVERRIDE`, `INVALID_ACTOR` or
 * `INVALID_OPTIONS`.
 */
export function checkWrite(changes: readonly StoreChange[], by: Attribution): CheckedWrite {
  if (changes.length > MAX_CHANGES) {
    throw invalid(`A write takes at most ${MAX_CHANGES} changes, not ${changes.length}. Split it.`);
  }
  let left = MAX_WRITE;
  const copy = (value: JsonValue, code: HalyardErrorCode, what: string): JsonValue => {
    const text = jsonText(value);
    if (text === undefined || text.length > MAX_JSON) {
      const wrong = text === undefined ? "is no JSON" : `has ${text.length} characters as JSON`;
      throw refusal(code, `${what} ${wrong}; it takes JSON of at most ${MAX_JSON} characters.`);
    }
    left -= text.length;
    if (left < 0) {
      throw invalid(`A write takes at most ${MAX_WRITE} characters of JSON. Split it.`);
    }
    const copied = freezeJson(JSON.parse(text));
    if (copied === undefined) throw refusal(code, `${what} nests too deeply.`);
    return copied;
  };
  return { changes: changes.map((change) => checkChange(change, copy)), by: checkAttribution(by) };
}

type Copy = (value: JsonValue, code: HalyardErrorCode, what: string) => JsonValue;

function checkChange(change: StoreChange, copy: Copy): StoreChange {
  switch (change.what) {
    case "flag":
    case "segment":
    case "proposal":
      return checkDefinition(change, copy);
    case "override":
      return checkOverride(change, copy);
    case "group":
      return checkGroup(change);
    default:
      throw invalid("A change is of a flag, a segment, an override, a group or a proposal.");
  }
}

function checkDefinition(
  { what, key, definition, ifVersion }: DefinitionChange | ProposalChange,
  copy: Copy,
): DefinitionChange | ProposalChange {
  if (what === "flag" ? !isKey(key) : !isStorable(key, MAX_NAME)) {
    throw new HalyardError(
      "INVALID_KEY",
      `A ${what} can't be named so: ${what === "flag" ? KEY_RULE : `1 to ${MAX_NAME} characters`}.`,
    );
  }
  const name = `The ${what} "${key}"`;
  if (what !== "segment" && definition !== undefined && !isPlainObject(definition)) {
    throw refusal("INVALID_DEFINITIONS", `${name} is no object.`);
  }
  const own = definition === undefined ? undefined : copy(definition, "INVALID_DEFINITIONS", name);
  return { what, key, definition: own, ifVersion };
}

function checkOverride(
  { flagKey, layer, scope, put, ifVersion }: OverrideChange,
  copy: Copy,
): OverrideChange {
  if (!isKey(flagKey)) throw new HalyardError("INVALID_KEY", `A flag's key is ${KEY_RULE}.`);
  const fits = layer === "emergency" ? scope === "system" : layerOf(parseScopeKey(scope)) === layer;
  if (!fits) {
    throw new HalyardError(
      "INVALID_SCOPE",
      `An override of the scope "${scope}" is not of the layer ${layer}.`,
    );
  }
  const own = typeof put === "object" ? checkPut(put, flagKey, copy) : put;
  return { what: "override", flagKey, layer, scope, put: own, ifVersion };
}

function checkPut({ value, expiresAt }: OverrideValue, flagKey: string, copy: Copy): OverrideValue {
  const name = `The override of "${flagKey}"`;
  if (expiresAt !== undefined && !(Math.abs(expiresAt) <= MAX_TIME)) {
    throw refusal("INVALID_OVERRIDE", `${name} has an expiry that is no time: ${expiresAt}.`);
  }
  return {
    value: value === undefined ? undefined : copy(value, "INVALID_OVERRIDE", name),
    expiresAt: expiresAt === undefined ? undefined : Math.ceil(expiresAt),
  };
}

function checkGroup({ group, user, member }: GroupChange): GroupChange {
  if (!isStorable(group, MAX_NAME) || !isStorable(user, MAX_SCOPE_ID)) {
    throw invalid(
      `Groups have names of 1 to ${MAX_NAME} characters, and users ids of 1 to ${MAX_SCOPE_ID}, without NUL.`,
    );
  }
  return { what: "group", group, user, member: member === true };
}

function checkAttribution({ actor, reason, requestId, at, bypass }: Attribution): Attribution {
  if (!(Math.abs(at) <= MAX_TIME)) throw invalid("`at` must be a time in epoch milliseconds.");
  for (const [name, text, longest] of [
    ["reason", reason, MAX_REASON],
    ["requestId", requestId, MAX_SCOPE_ID],
  ] as const) {
    if (text !== undefined && text !== "" && !isStorable(text, longest)) {
      throw invalid(`\`${name}\` must be a text of at most ${longest} characters, without NUL.`);
    }
  }
  const rest = bypass === true ? { bypass } : {};
  return { actor: storableActor(actor), reason, requestId, at: Math.trunc(at), ...rest };
}

function storableActor(given: Actor): Actor {
  const actor = checkActor(given);
  for (const text of Object.values(actor)) {
    if (isStorable(text, MAX_SCOPE_ID)) continue;
    throw new HalyardError(
      "INVALID_ACTOR",
      "The `actor` has a text with characters that can't be kept.",
    );
  }
  return actor;
}

function jsonText(value: JsonValue): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function invalid(message: string): HalyardError {
  return new HalyardError("INVALID_OPTIONS", message);
}

function refusal(code: HalyardErrorCode, message: string): HalyardError {
  const problems = code === "INVALID_DEFINITIONS" ? [{ path: "", message }] : [];
  return new HalyardError(code, message, { problems });
}
