import { expect, it } from "vitest";
import type { TestProxy } from "../../support/servers/proxy.ts";
import type { TestServer } from "../../support/servers/server.ts";
import { until } from "../support/until.ts";
import type { Fleet } from "./fleet.ts";
import type { Settings } from "./messages.ts";
import type { StoreProcess } from "./store-process.ts";

// What holds for processes on a store that is a server, behind a proxy each. Of the three, the last
// looks for itself all the time; the others rely on being told.

export const NETWORK_PROCESSES: readonly Omit<Settings, "url">[] = [
  { pollInterval: 60_000 },
  { pollInterval: 60_000 },
  { pollInterval: 250 },
];

const WRITER = 0;
const OTHER = 1;
const LOOKER = 2;

export interface NetworkStore {
  readonly server: TestServer;
  /** Matches what a client sends that wants to be told of changes. */
  readonly listens: RegExp;
  /** Has the server end the connections on which it tells of changes. */
  readonly hangUp: () => Promise<void>;
  /** Takes away all that is stored. Gives what puts it back. */
  readonly empty: () => Promise<() => Promise<void>>;
}

/** Milliseconds by which answers are late: far more than a request waits for its subject. */
const LAG = 2000;

export function networkCases(
  fleet: () => Fleet,
  { server, listens, ...store }: NetworkStore,
): void {
  const process = (index: number): StoreProcess => fleet().processes[index] as StoreProcess;
  const proxy = (index: number): TestProxy => fleet().proxies[index] as TestProxy;

  it("the server starts anew: nothing that was acknowledged is lost", async () => {
    const acknowledged: number[] = [];
    let restarted = false;
    // One write after the other, so that one is under way when the server ends.
    const writing = (async () => {
      for (let after = 0; after < 5; ) {
        const value = fleet().next();
        const { status, body } = await process(WRITER).put("defined", value);
        if (status === 200) {
          acknowledged.push(value);
          if (restarted) after++;
        } else {
          expect({ status, code: body.code }).toEqual({ status: 503, code: "STORE_WRITE_FAILED" });
        }
      }
    })();
    await until("something is written", () => acknowledged.length > 5);
    await server.restart?.();
    restarted = true;
    await writing;
    await fleet().serve({ defined: acknowledged.at(-1) as number });
    const audited = await fleet().audited("defined");
    expect(acknowledged.filter((value) => !audited.includes(value))).toEqual([]);
    expect(new Set(audited).size).toBe(audited.length);
    await fleet().agree(OTHER);
  });

  it("a process is cut off: it serves what it had, says so, and catches up", async () => {
    await fleet().agree();
    const { values: before } = await process(OTHER).state();
    proxy(OTHER).cut();
    await fleet().degraded(OTHER);
    const value = fleet().next();
    const { status } = await process(WRITER).put("defined", value);
    expect(status).toBe(200);
    await fleet().serve({ defined: value }, [WRITER, LOOKER]);
    expect(await process(OTHER).state()).toMatchObject({ values: before, stale: true });
    expect((await fleet().stranger(OTHER)).values.defined).toBe(before.defined);
    expect(await process(OTHER).put("defined", value)).toMatchObject({
      status: 503,
      body: { code: "STORE_WRITE_FAILED" },
    });
    proxy(OTHER).mend();
    await fleet().serve({ defined: value });
    // It is told again, too: it does not look by itself for a minute.
    await fleet().agree();
    await fleet().agree(OTHER);
  });

  it.each([
    ["emptied", false],
    ["put back to what it was before", true],
  ])("the store is %s: what was good serves, until it is itself again", async (_, isOld) => {
    await fleet().agree();
    const restoreOld = await store.empty();
    await restoreOld();
    await fleet().agree();
    const { values } = await process(WRITER).state();
    const restore = await store.empty();
    if (isOld) await restoreOld();
    for (const index of [WRITER, OTHER, LOOKER]) {
      expect(await fleet().degraded(index)).toMatch(isOld ? /is at version/ : /is empty/);
      expect((await process(index).state()).values).toEqual(values);
      // Without its overrides: a stranger has none.
      const { defined, emergency } = (await fleet().stranger(index)).values;
      expect({ defined, emergency }).toEqual({
        defined: values.defined,
        emergency: values.emergency,
      });
      expect(await process(index).put("defined", fleet().next())).toMatchObject({
        status: 503,
        body: { code: "STORE_WRITE_FAILED" },
      });
    }
    if (isOld) await store.empty();
    await restore();
    await fleet().agree();
    await fleet().agree(OTHER);
  });

  it("the store hangs: nobody waits for it, and what waited for it goes on", async () => {
    await fleet().agree();
    const { values: before } = await process(OTHER).state();
    proxy(OTHER).stall();
    // All are answered while the store is not.
    for (let stranger = 0; stranger < 5; stranger++) {
      const { defined, emergency } = (await fleet().stranger(OTHER)).values;
      expect([defined, emergency]).toEqual([before.defined, before.emergency]);
    }
    expect(proxy(OTHER).held()).toBeGreaterThan(0);
    await fleet().degraded(OTHER);
    const value = fleet().next();
    const writing = process(OTHER).put("overridden", value);
    const elsewhere = await process(WRITER).put("defined", value);
    expect(elsewhere.status).toBe(200);
    await fleet().serve({ defined: value }, [WRITER, LOOKER]);
    expect((await process(OTHER).state()).values).toEqual(before);
    proxy(OTHER).mend();
    expect((await writing).status).toBe(200);
    await fleet().serve({ defined: value, overridden: value });
    await fleet().healthy(OTHER);
    await fleet().agree(OTHER);
  });

  it("the store is slow: a subject is waited for once, and had when it comes", async () => {
    const user = `late-${Math.random()}`;
    const value = fleet().next();
    const put = await process(WRITER).ask(`/admin/overrides/overridden/user:${user}`, {
      method: "PUT",
      body: JSON.stringify({ value }),
    });
    expect(put.status).toBe(201);
    // Everybody has heard of it: news that come late would have it read again.
    await fleet().agree();
    proxy(OTHER).slow(LAG);
    expect((await process(OTHER).state(user)).values.overridden).toBe(0);
    // It was answered before the store's answer came.
    expect(proxy(OTHER).held()).toBeGreaterThan(0);
    await until("the answer serves", async () => {
      return (await process(OTHER).state(user)).values.overridden === value;
    });
    const { loads } = await process(OTHER).state(user);
    expect((await process(OTHER).state(user)).loads).toBe(loads);
    proxy(OTHER).mend();
    await fleet().agree(OTHER);
  });

  it("the connections that tell of changes break: others are made", async () => {
    await fleet().agree();
    await store.hangUp();
    await fleet().agree();
    await store.hangUp();
    await fleet().agree(OTHER);
  });

  it("what tells of changes goes astray: who looks finds them", async () => {
    await fleet().agree();
    await until("it listens, in vain", () => proxy(LOOKER).freeze(listens) > 0);
    const value = fleet().next();
    expect((await process(WRITER).put("defined", value)).status).toBe(200);
    expect((await process(WRITER).put("overridden", value)).status).toBe(200);
    await fleet().serve({ defined: value, overridden: value });
    expect(proxy(LOOKER).held()).toBeGreaterThan(0);
    proxy(LOOKER).drop();
    await fleet().agree();
  });
}
