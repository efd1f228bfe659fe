import { describe, expect, it } from "vitest";
import { Collector, startAnalytics } from "../../../../test/support/analytics.ts";

describe("what can't be told", () => {
  const MEGABYTE = "x".repeat(1024 * 1024);
  const circular: Record<string, unknown> = { a: 1 };
  circular.self = circular;
  const throwing = {
    get a() {
      throw new Error("no");
    },
  };

  it("of a subject is left out: attributes of a megabyte", async () => {
    const good = new Collector();
    const { f } = startAnalytics({ exporters: [good], context: ["bio", "plan", "tags"] });
    const tags = [MEGABYTE];
    f.client({ targetingKey: "ann", bio: MEGABYTE, plan: "pro", tags }).enabled("beta");
    await f.analytics.flush();
    expect(good.events[0]).toMatchObject({
      context: { plan: "pro" },
      omitted: ["context.bio", "context.tags"],
    });
    expect(good.batches.flat()[0]?.json.length).toBeLessThan(1000);
    expect(f.analytics.stats().omitted).toBe(2);
  });

  it("of a subject is left out: lists that are large as a whole", async () => {
    const good = new Collector();
    const { f } = startAnalytics({ exporters: [good], context: ["plan", "tags", "groups"] });
    const [tags, groups] = [1000, 50].map((length) => Array(100).fill("x".repeat(length)));
    f.client({ targetingKey: "ann", plan: "pro", tags, groups }).enabled("beta");
    await f.analytics.flush();
    expect(good.events[0]).toMatchObject({
      context: { plan: "pro", groups },
      omitted: ["context.tags"],
    });
  });

  it("of a subject is left out: all attributes, where they are too large together", async () => {
    const good = new Collector();
    const context = Array.from({ length: 50 }, (_, index) => `list${index}`);
    const { f } = startAnalytics({ exporters: [good], context });
    const lists = context.map((name) => [name, Array(100).fill("x".repeat(40))]);
    const client = f.client({ targetingKey: "ann", ...Object.fromEntries(lists) });
    client.enabled("beta");
    client.track("bought", { price: 5 });
    await f.analytics.flush();
    expect(good.exposures).toMatchObject([{ value: true, omitted: ["context"] }]);
    expect(good.tracked).toMatchObject([{ data: { price: 5 }, omitted: ["context"] }]);
    expect(f.analytics.stats()).toMatchObject({ omitted: 2, dropped: { invalid: 0 } });
  });

  it("of a flag is left out: values of a megabyte", async () => {
    const good = new Collector();
    const { f } = startAnalytics(
      { exporters: [good] },
      { flags: { text: { variants: { a: MEGABYTE, b: "b" } } } },
    );
    const value = f.client({ targetingKey: "ann" }).value("text");
    expect(value).toBe(MEGABYTE);
    await f.analytics.flush();
    expect(good.events[0]).toMatchObject({ value: null, variation_idx: 0, omitted: ["value"] });
    expect(f.analytics.stats().omitted).toBe(1);
  });

  it.each([
    ["circular", circular],
    ["too large", { text: MEGABYTE }],
    ["too long a list", Array.from({ length: 100_000 }, () => 1)],
    ["many numbers", Array.from({ length: 4000 }, (_, index) => Math.sqrt(index))],
    ["text that is longer as JSON", { text: "\u0001".repeat(8000) }],
    ["large numbers", Array.from({ length: 500 }, () => 10n ** 20n)],
    ["too many properties", Object.fromEntries(Object.entries("x".repeat(10_000)))],
    ["throwing", throwing],
    ["a buffer", Buffer.alloc(10)],
    ["a function", () => {}],
    [
      "a proxy that throws",
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error("no");
          },
        },
      ),
    ],
  ])("of data that is %s is left out", async (_name, data) => {
    const good = new Collector();
    const { f } = startAnalytics({ exporters: [good] });
    f.client({ targetingKey: "ann" }).track("bought", data);
    await f.analytics.flush();
    expect(good.tracked[0]).toMatchObject({ event: "bought", omitted: ["data"] });
    expect(good.tracked[0]).not.toHaveProperty("data");
    expect(f.analytics.stats().omitted).toBe(1);
  });

  it("of data is written as JSON has it", async () => {
    const good = new Collector();
    const { f } = startAnalytics({ exporters: [good] });
    const data = JSON.parse('{"__proto__":{"a":1}}');
    const odd = { when: new Date(0), big: 10n, nan: Number.NaN, none: undefined, list: [() => {}] };
    const client = f.client({ targetingKey: "ann" });
    client.track("odd", odd);
    client.track("proto", data);
    client.track("text", "line\nline\u2028\ud800");
    await f.analytics.flush();
    expect(good.tracked[0]?.data).toEqual({
      when: "1970-01-01T00:00:00.000Z",
      big: "10",
      nan: null,
      list: [null],
    });
    const [, proto, text] = good.batches.flat();
    expect(proto?.json).toContain('{"__proto__":{"a":1}}');
    expect(text?.json).not.toContain("\n");
  });

  it.each([undefined, "", 7, {}, "x".repeat(300)])("is an event named %s", async (name) => {
    const good = new Collector();
    const { f } = startAnalytics({ exporters: [good] });
    f.client({ targetingKey: "ann" }).track(name as string);
    f.client({ targetingKey: MEGABYTE }).track("bought");
    f.client({ targetingKey: MEGABYTE }).enabled("beta");
    await f.analytics.flush();
    expect(good.events).toEqual([]);
    expect(f.analytics.stats().dropped.invalid).toBe(3);
  });

  it("is a subject whose properties throw", async () => {
    const good = new Collector();
    const { f } = startAnalytics({ exporters: [good], context: ["a"] });
    const context = Object.defineProperty({ targetingKey: "ann" }, "a", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    expect(f.client(context).enabled("beta")).toBe(true);
    f.client(context).track("bought");
    await f.analytics.flush();
    expect(good.events.map(({ context: told }) => told)).toEqual([undefined, undefined]);
  });

  it.each([null, "ann", 7])("is a context that is none: %j", async (context) => {
    const { f, logged } = startAnalytics({ exporters: [new Collector()], context: ["plan"] });
    const client = f.client(context as never);
    expect(client.enabled("beta")).toBe(true);
    client.track("bought");
    expect(f.analytics.stats().skipped.anonymous).toBe(2);
    expect(logged).toEqual([]);
  });
});
