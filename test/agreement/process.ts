// One process of several on a store: tells its parent when it sees what was written.
import { createFlags } from "@halyard/server";
import { openStore } from "../../examples/multi-tenant/store.ts";
import type { Seen } from "./processes.ts";

/** Milliseconds between two looks. */
const LOOK = 2;

const f = createFlags({ store: openStore(process.env.STORE), environment: "test" });
const last: Record<string, unknown> = {};

/** Time that all processes of the machine share, in milliseconds. */
const now = (): number => performance.timeOrigin + performance.now();

async function look(): Promise<void> {
  const client = f.client({ userId: "u" });
  // What a request does: it waits only when something of its subject has changed.
  await client.load();
  for (const flag of ["defined", "overridden", "emergency"]) {
    const value = client.value(flag);
    if (value === last[flag]) continue;
    last[flag] = value;
    const seen: Seen = { flag, value, at: now(), stale: client.snapshot.stale };
    process.send?.(seen);
  }
  setTimeout(() => void look(), LOOK);
}

process.on("message", async (message) => {
  if (message !== "end") return;
  await f.close();
  process.exit(0);
});

await f.ready();
process.send?.("ready");
await look();
