import type { JsonValue } from "../json.ts";
import type { Actor } from "./actor.ts";
import type { Layer } from "./layers.ts";
import type { Scope } from "./scope.ts";

/** A runtime value for one flag in one scope. */
export interface Override {
  readonly flagKey: string;
  readonly layer: Layer;
  readonly scope: Scope;
  readonly state: OverrideState;
  /** Absent when the state is `unset`. */
  readonly value: JsonValue | undefined;
  readonly reason: string | undefined;
  /** Who wrote it last. */
  readonly actor: Actor;
  /** Epoch milliseconds, as all times here. */
  readonly createdAt: number;
  readonly createdBy: Actor;
  readonly updatedAt: number;
  /** Active while this is in the future; absent means until it is removed. */
  readonly expiresAt: number | undefined;
  /** The store's version that it was written in last; 0 where no store keeps it. */
  readonly version: number;
  /** Of one that a request brought along: `url`, or `token:` with the token's id. */
  readonly origin?: string | undefined;
}

/** `unset` is explicit: someone decided that this scope has no value. */
export type OverrideState = "enabled" | "disabled" | "value" | "unset";

/** The state that goes with a value. */
export function stateOf(value: JsonValue | undefined): OverrideState {
  if (value === undefined) return "unset";
  if (typeof value !== "boolean") return "value";
  return value ? "enabled" : "disabled";
}

/** Whether the override carries a value to serve. */
export function hasValue(override: Override | undefined): boolean {
  return override !== undefined && override.state !== "unset";
}
