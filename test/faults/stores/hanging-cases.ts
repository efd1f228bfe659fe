import type { Store } from "@halyard/core";
import { expect, it, onTestFinished, vi } from "vitest";
import type { TestProxy } from "../../support/servers/proxy.ts";
import { until } from "../support/until.ts";
import { by, codeOf, flag, writtenKeys } from "./faulty-store.ts";

// What stores do when nothing breaks, and no answer comes.

export interface Hanging {
  /** A store that reaches its server, and one that does so by way of the proxy. */
  readonly open: () => readonly [direct: Store, distant: Store];
  readonly proxy: () => TestProxy;
}

/** Milliseconds after which no store waits for an answer any more. */
const GIVEN_UP = 11_000;

const SUBJECT = { scopes: ["user:ann"], user: "ann" };

export function hangingCases({ open, proxy }: Hanging): void {
  it("waits while its server hangs, and goes on when that answers", async () => {
    const [direct, distant] = open();
    await distant.write([flag("before")], by);
    proxy().stall();
    const reading = Promise.all([
      distant.read(),
      distant.readSubject(SUBJECT),
      distant.readAudit({}, { limit: 10 }),
    ]);
    const writing = distant.write([flag("hung")], by);
    await until("they wait", () => proxy().held() > 0);
    await direct.write([flag("meanwhile")], by);
    proxy().mend();
    const [{ version }] = await reading;
    expect(version).toBeGreaterThan(0);
    const last = await writing;
    expect((await distant.read()).version).toBe(last.version);
    expect([...(await writtenKeys(direct))].toSorted()).toEqual(["before", "hung", "meanwhile"]);
  });

  it("leaves connections that hang, and makes others", async () => {
    const [direct, distant] = open();
    await distant.write([flag("before")], by);
    skipping();
    expect(proxy().freeze()).toBeGreaterThan(0);
    const reading = codeOf(distant.read());
    await until("it waits", () => proxy().held() > 0);
    await vi.advanceTimersByTimeAsync(GIVEN_UP);
    vi.useRealTimers();
    expect(["none", "STORE_READ_FAILED"]).toContain(await reading);
    await until("it can be read", async () => (await codeOf(distant.read())) === "none");
    const last = await distant.write([flag("after")], by);
    expect((await direct.read()).version).toBe(last.version);
  });

  it("does not make a write later that it gave up", async () => {
    const [direct, distant] = open();
    await distant.write([flag("before")], by);
    skipping();
    proxy().stall();
    const writing = codeOf(distant.write([flag("hung")], by));
    await until("it waits", () => proxy().held() > 0);
    await vi.advanceTimersByTimeAsync(GIVEN_UP);
    vi.useRealTimers();
    expect(await writing).toBe("STORE_WRITE_FAILED");
    proxy().mend();
    await direct.write([flag("meanwhile")], by);
    await until("it can be read", async () => (await codeOf(distant.read())) === "none");
    await distant.write([flag("after")], by);
    const keys = [...(await writtenKeys(direct))].toSorted();
    expect(keys).toEqual(["after", "before", "meanwhile"]);
  });
}

/** From here on time can be skipped; as long as it is not, it goes by as ever. */
function skipping(): void {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "performance"],
    shouldAdvanceTime: true,
  });
  onTestFinished(() => void vi.useRealTimers());
}
