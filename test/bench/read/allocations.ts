// Counts what reads allocate: heap bytes, not time, so the answer is the same on any machine.
import { createFlags } from "@halyard/server";
import { contextOf, definition } from "./contestants/halyard.ts";
import { benchFlags, KEYS, user } from "./flags.ts";

const READS = 1_000_000;

const flags = Object.fromEntries(benchFlags().map((flag) => [flag.key, definition(flag)]));
const instance = createFlags({ sources: [{ flags } as never], environment: "production" });
const client = instance.client(contextOf(user));
const { off, on, rule, rollout, variants, ten, semver } = KEYS;

/** Returns something of every read, so that none of them can be left out. */
const READS_OF: Readonly<Record<string, () => unknown>> = {
  "enabled, off": () => client.enabled(off),
  "enabled, on": () => client.enabled(on),
  "enabled, rule": () => client.enabled(rule),
  "enabled, percentage": () => client.enabled(rollout),
  "enabled, ten rules": () => client.enabled(ten),
  "enabled, semver and regex": () => client.enabled(semver),
  "enabled, missing": () => client.enabled("missing", false),
  "string, split": () => client.string(variants, ""),
  "value, rule": () => client.value(rule, false),
  "details, off": () => client.details(off),
  "details, rule": () => client.details(rule),
  "details, percentage": () => client.details(rollout),
  "details, split": () => client.details(variants),
};

/** New objects lie in the young generation until a collection, and a large one sees none here. */
function allocated(read: () => unknown): number {
  const loop = new Function(
    "read",
    "return function (count) { let absent = 0; for (let i = 0; i < count; i++) if (read() === undefined) absent++; return absent; };",
  )(read) as (count: number) => number;
  for (let round = 0; round < 20; round++) loop(READS / 10);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  loop(READS);
  return (process.memoryUsage().heapUsed - before) / READS;
}

const bytes = Object.fromEntries(
  Object.entries(READS_OF).map(([name, read]) => [name, allocated(read)]),
);
// Shows that the measure sees what there is to see: an object of one field has 24 bytes or more.
let kept: unknown;
const seen = allocated(() => {
  kept = { read: kept === undefined };
  return kept;
});
process.send?.({ bytes, seen });
