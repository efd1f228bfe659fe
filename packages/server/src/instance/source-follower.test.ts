import type { DefinitionDocument, DefinitionSource } from "@halyard/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";

let flags: Flags;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(async () => {
  vi.useRealTimers();
  await flags.close();
});

type Answer = (flags: object) => void;

/** A source that answers when it is told to, and never by itself after its first read. */
function hanging(): { readonly source: DefinitionSource; readonly reads: Answer[] } {
  const reads: Answer[] = [];
  const documents = (given: object): DefinitionDocument[] => [
    { name: "hanging", document: { flags: given } },
  ];
  const source: DefinitionSource = {
    name: "hanging",
    read: () =>
      new Promise((resolve) => {
        reads.push((given) => resolve(documents(given)));
        if (reads.length === 1) resolve(documents({ beta: "first" }));
      }),
  };
  return { source, reads };
}

async function start(source: DefinitionSource): Promise<void> {
  const quiet = () => {};
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  flags = createFlags({ sources: [source], environment: "test", refreshInterval: 2000, logger });
  await flags.ready();
}

const beta = (): unknown => flags.client().value("beta", "none");
const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);

it("a read that never settles is given up, reported, and made again, ever less often", async () => {
  const { source, reads } = hanging();
  await start(source);
  await seconds(3);
  expect(reads).toHaveLength(2);
  await seconds(10);
  expect(flags.health()).toMatchObject({
    status: "degraded",
    provider: { last_error: "hanging did not answer within 10 seconds." },
  });
  expect(beta()).toBe("first");
  await seconds(60);
  // Ten seconds of patience each, and at most two and a half before the next.
  expect(reads.length).toBeGreaterThanOrEqual(6);
  expect(reads.length).toBeLessThanOrEqual(8);
  reads.at(-1)?.({ beta: "last" });
  await seconds(0);
  expect([beta(), flags.health().status]).toEqual(["last", "healthy"]);
});

it("an answer that comes too late is believed, until a later read has answered", async () => {
  const { source, reads } = hanging();
  await start(source);
  await seconds(3 + 10 + 2);
  expect(reads).toHaveLength(3);
  reads[1]?.({ beta: "second" });
  await seconds(0);
  expect([beta(), flags.health().status]).toEqual(["second", "healthy"]);
  await seconds(20);
  reads.at(-1)?.({ beta: "newest" });
  await seconds(0);
  expect(beta()).toBe("newest");
  reads[2]?.({ beta: "third" });
  await seconds(0);
  expect([beta(), flags.health().status]).toEqual(["newest", "healthy"]);
});

it("a start is over when a source hangs, and what is never read makes no timers at the end", async () => {
  const quiet = () => {};
  flags = createFlags({
    sources: [{ name: "dead", read: () => new Promise(() => {}) }],
    environment: "test",
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  const ready = expect(flags.ready()).rejects.toMatchObject({ code: "START_TIMEOUT" });
  await seconds(6);
  await ready;
  await seconds(60);
  await flags.close();
  await seconds(60);
  expect(vi.getTimerCount()).toBe(0);
});
