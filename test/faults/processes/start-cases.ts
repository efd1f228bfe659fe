import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { proxyTo } from "../../support/servers/proxy.ts";
import { until } from "../support/until.ts";
import { checkOrder, type Fleet } from "./fleet.ts";
import type { State } from "./messages.ts";
import { StoreProcess } from "./store-process.ts";

// Processes that are started while their store can't be had, beside others that have it.

const AWAY = ["cut", "stall"] as const;

/** Milliseconds that requests wait at the start. */
const START_TIMEOUT = 200;

export function startCases(fleet: () => Fleet, url: string): void {
  it.each(AWAY)("starts with callers' defaults, and mends itself: %s", async (away) => {
    await fleet().agree();
    const proxy = await opened(url);
    proxy[away]();
    const late = await started({ url: proxy.url, startTimeout: START_TIMEOUT });
    expect((await late.state()).values).toEqual({ defined: -1, overridden: -1, emergency: -1 });
    expect(await late.ask("/health")).toMatchObject({ status: 503, body: { status: "unhealthy" } });
    expect(await late.ask("/health/live")).toMatchObject({ status: 200 });
    proxy.mend();
    await mended(late, (await fleet().processes[0]?.state()) as State);
  });

  it.each(AWAY)("starts with the last known good flags, and mends itself: %s", async (away) => {
    await fleet().agree();
    const folder = mkdtempSync(join(tmpdir(), "halyard-known-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const lastKnownGood = join(folder, "flags.json");
    const proxy = await opened(url);
    const earlier = await started({ url: proxy.url, lastKnownGood });
    const { values } = await earlier.state();
    expect(await earlier.end()).toBe(0);
    await fleet().agree();
    proxy[away]();
    const late = await started({ url: proxy.url, startTimeout: START_TIMEOUT, lastKnownGood });
    // The copy has what holds for everybody.
    const kept = { values: { ...values, overridden: 0 }, stale: true };
    expect(await late.state()).toMatchObject(kept);
    expect(await late.ask("/health")).toMatchObject({ status: 200, body: { status: "degraded" } });
    proxy.mend();
    await mended(late, (await fleet().processes[0]?.state()) as State);
  });
}

async function opened(url: string): ReturnType<typeof proxyTo> {
  const proxy = await proxyTo(url);
  onTestFinished(() => proxy.close());
  return proxy;
}

async function started(settings: Parameters<typeof StoreProcess.start>[0]): Promise<StoreProcess> {
  const process = await StoreProcess.start(settings);
  onTestFinished(() => process.kill());
  return process;
}

/** Waits until a process serves what others do, and is well; it then ends by itself. */
async function mended(late: StoreProcess, { values }: State): Promise<void> {
  await until("it serves what all serve", async () => {
    const state = await late.state();
    return !state.stale && JSON.stringify(state.values) === JSON.stringify(values);
  });
  await until("it is well", async () => (await late.health()).status === "healthy");
  await checkOrder(late);
  expect(await late.end()).toBe(0);
}
