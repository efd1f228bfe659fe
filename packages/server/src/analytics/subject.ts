import {
  type AnyContext,
  isLazy,
  isScalar,
  type JsonValue,
  readAttribute,
  unitOf,
} from "@halyard/core";
import { isObject } from "../check-fields.ts";
import type { RecordedSubject } from "../telemetry/attributes.ts";

/** Longest key of a subject, and longest attribute that goes along, in characters. */
export const MAX_KEY = 512;
const MAX_TEXT = 1024;
const MAX_ITEMS = 100;
/** Longest list, in characters of all its items. */
const MAX_LIST = 8192;

/** A request's context, or one that was given; `undefined` is nobody's. */
export type Told = AnyContext | RecordedSubject | undefined;

/**
 * Who the subject is, as far as that is known: telling must not change what reads see, so nobody is
 * settled upon and no id is made. Of a request whose user is not known yet, `context` is asked.
 */
export function keyOf(subject: Told): string | undefined {
  return settledKeyOf(subject) ?? unitOf(lookAt(subject, "targetingKey"));
}

/** The same without asking anybody: for every read. */
export function settledKeyOf(subject: Told): string | undefined {
  if (!isObject(subject)) return undefined;
  if (isRecorded(subject)) return unitOf(subject.knownKey());
  return unitOf(readAttribute(subject, "targetingKey")) ?? unitOf(readAttribute(subject, "userId"));
}

/** An attribute of the subject that JSON can carry; `omitted` where it is too large to go along. */
export function attributeOf(subject: Told, path: string): JsonValue | "omitted" | undefined {
  const value = lookAt(subject, path);
  if (Array.isArray(value)) {
    if (value.length > MAX_ITEMS || !value.every(isShort)) return OMITTED;
    if (value.reduce((sum, item) => sum + String(item).length, 0) > MAX_LIST) return OMITTED;
    return [...value];
  }
  if (!isScalar(value)) return undefined;
  return isShort(value) ? value : OMITTED;
}

export const OMITTED = "omitted";

export function isAnonymous(subject: Told): boolean {
  return lookAt(subject, "anonymous") === true;
}

function lookAt(subject: Told, path: string): unknown {
  if (!isObject(subject)) return undefined;
  const context = subject as AnyContext;
  const look = (): unknown => readAttribute(context, path);
  return isLazy(context) && context.tentatively !== undefined ? context.tentatively(look) : look();
}

/** Not cut: a part of a text would keep all of it in memory. */
function isShort(value: unknown): boolean {
  return isScalar(value) && (typeof value !== "string" || value.length <= MAX_TEXT);
}

function isRecorded(subject: AnyContext | RecordedSubject): subject is RecordedSubject {
  return typeof (subject as Partial<RecordedSubject>).knownKey === "function";
}
