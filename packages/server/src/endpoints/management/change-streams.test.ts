import type { Readable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { AuditSubject, Touched } from "@halyard/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFlags } from "../../create-flags.ts";
import type { FlagsInstance } from "../../flags-instance.ts";
import { ChangeStreams } from "./change-streams.ts";
import type { StreamOptions } from "./stream-options.ts";

const KINDS: ReadonlySet<AuditSubject> = new Set(["flag", "segment", "override", "group"]);

let f: FlagsInstance;

beforeEach(() => {
  f = createFlags({ sources: [] }) as FlagsInstance;
});

afterEach(async () => {
  vi.useRealTimers();
  await f.close();
});

/** What a stream gives, for as long as it is read. */
function readAll(body: Readable | undefined): { text: string } {
  const read = { text: "" };
  body?.setEncoding("utf8").on("data", (text: string) => {
    read.text += text;
  });
  return read;
}

function lastIdOf(text: string): string | undefined {
  return [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1];
}

async function tell(touched: readonly Touched[]): Promise<void> {
  f.feed.noticed({ touched });
  await turn();
}

function open(options: StreamOptions): ChangeStreams {
  return new ChangeStreams(f, options);
}

describe("streams of changes", () => {
  it("do not leave a client over what it missed, in whatever script that is written", async () => {
    const streams = open({ maxBuffer: 1024 });
    const first = readAll(streams.open(undefined, KINDS));
    await turn();
    const lastId = lastIdOf(first.text);
    await tell([{ what: "group", key: "店".repeat(150), scope: "張".repeat(210) }]);
    const body = streams.open(lastId, KINDS);
    const again = readAll(body);
    await turn();
    expect(body?.destroyed).toBe(false);
    expect(streams.counts.dropped).toBe(0);
    expect(again.text).toMatch(/event: (change|resync)/);
  });

  it("end for a client that does not read the end of its own", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const streams = open({});
    const body = streams.open(undefined, KINDS);
    await f.close();
    expect(streams.counts.open).toBe(0);
    await vi.advanceTimersByTimeAsync(4999);
    expect(body?.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(body?.destroyed).toBe(true);
  });

  it("leave no timer for a client that reads the end", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const streams = open({});
    readAll(streams.open(undefined, KINDS));
    await f.close();
    await turn();
    await turn();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("write an event down once, however many listen", async () => {
    const streams = open({});
    const all = Array.from({ length: 20 }, () => readAll(streams.open(undefined, KINDS)));
    const flags = readAll(streams.open(undefined, new Set<AuditSubject>(["flag"])));
    const key = vi.fn(() => "beta");
    const change = { what: "flag", scope: undefined } as Touched;
    f.feed.noticed({
      touched: [Object.defineProperty(change, "key", { get: key, enumerable: true })],
    });
    const asked = key.mock.calls.length;
    await turn();
    for (const { text } of [...all, flags]) expect(text).toContain('"key":"beta"');
    expect(key.mock.calls.length - asked).toBeLessThan(10);
  });
});
