import type { FlagClient } from "../../packages/core/src/index.ts";
import type { Case } from "./cases.ts";

/** Reads a flag the way that its case says: the details, or just the value of other reads. */
export function readCase(client: FlagClient, { flag, read: how, fallback }: Case): object {
  if (how === undefined) return { ...client.details(flag, fallback as string) };
  if (how === "enabled") return { value: client.enabled(flag, fallback as boolean | undefined) };
  const reader = client[how] as (key: string, fallback: unknown) => unknown;
  return { value: reader.call(client, flag, fallback) };
}

/** What a case expects, with `undefined` for fields that it says are not there. */
export function expectedOf({ expect: wanted }: Case): object {
  const entries = Object.entries(wanted).map(([field, value]) => {
    return [field, value === null && field !== "value" ? undefined : value] as const;
  });
  return Object.fromEntries(entries);
}

/** The fields of `actual` that the case says something about. */
export function comparedOf(actual: object, wanted: object): object {
  return Object.fromEntries(
    Object.keys(wanted).map((field) => [field, Reflect.get(actual, field)]),
  );
}
