import { describe, expect, it, vi } from "vitest";
import { Collector, startAnalytics } from "../../../../test/support/analytics.ts";
import type { FlagsOptions } from "../instance/options.ts";
import type { AnalyticsOptions } from "./options.ts";

function started(analytics: Partial<AnalyticsOptions> = {}, options: FlagsOptions = {}) {
  const collector = new Collector();
  const { f } = startAnalytics({ exporters: [collector], ...analytics }, options);
  return { f, collector };
}

describe("what may leave the process", () => {
  const subject = {
    targetingKey: "ann",
    plan: "pro",
    email: "ann@acme.example",
    groups: ["a", "b"],
    company: { name: "Acme", email: "info@acme.example" },
    when: new Date(0),
    secret: () => "x",
  };

  it("is no attribute, unless it is named", async () => {
    const bare = started();
    const some = started({
      context: ["plan", "groups", "company.name", "company", "when", "secret"],
    });
    for (const { f } of [bare, some]) {
      f.client(subject).enabled("beta");
      await f.analytics.flush();
    }
    expect(bare.collector.events[0]).not.toHaveProperty("context");
    expect(some.collector.events[0]?.context).toEqual({
      plan: "pro",
      groups: ["a", "b"],
      "company.name": "Acme",
      when: 0,
    });
  });

  it("is never a private attribute, wherever it stands", async () => {
    const { f, collector } = started({
      context: ["plan", "email", "company.email"],
      privateAttributes: ["email"],
    });
    const client = f.client(subject);
    client.enabled("beta");
    client.track("bought", { price: 5, email: "x", buyer: [{ email: "y", name: "z" }] });
    await f.analytics.flush();
    expect(collector.events[0]?.context).toEqual({ plan: "pro" });
    expect(collector.tracked[0]?.data).toEqual({ price: 5, buyer: [{ name: "z" }] });
    expect(JSON.stringify(collector.batches)).not.toContain("acme.example");
  });

  it("is nothing inside of a private attribute, nor what a private path leads to", async () => {
    const { f, collector } = started({
      context: ["plan", "company.contact.email", "company.name"],
      privateAttributes: ["company.contact", "owner.email"],
    });
    const company = { name: "Acme", contact: { email: "info@acme.example" } };
    const client = f.client({ targetingKey: "ann", plan: "pro", company });
    client.enabled("beta");
    const owner = { name: "Eve", email: "eve@acme.example" };
    const data = { company, owner, shops: [{ owner, coowner: { email: "none" } }] };
    client.track("bought", { ...data, "owner.email": owner.email });
    await f.analytics.flush();
    expect(collector.events[0]?.context).toEqual({ plan: "pro", "company.name": "Acme" });
    expect(collector.tracked[0]?.data).toEqual({
      company: { name: "Acme" },
      owner: { name: "Eve" },
      shops: [{ owner: { name: "Eve" }, coowner: { email: "none" } }],
    });
    expect(JSON.stringify(collector.batches)).not.toContain("acme.example");
  });

  it("can be a hash instead of the key", async () => {
    const { f, collector } = started({
      userKey: "hash",
      context: ["plan", "userId", "targetingKey"],
    });
    f.client({ targetingKey: "ann", userId: "ann" }).enabled("beta");
    f.client({ targetingKey: "ann" }).track("bought", { by: { userId: "ann" } });
    await f.analytics.flush();
    const [one, other] = collector.events;
    expect(one?.user_key).toMatch(/^[0-9a-f]{16}$/);
    expect(other?.user_key).toBe(one?.user_key);
    expect(JSON.stringify(collector.batches)).not.toContain("ann");
  });

  it.each([
    ["offline", { offline: true }, {}],
    ["not enabled", {}, { enabled: false }],
    ["without exporters", {}, { exporters: [] }],
  ] as const)("is nothing %s", async (_name, options, analytics) => {
    const { f, collector } = started(analytics, options);
    const client = f.client({ targetingKey: "ann" });
    client.enabled("beta");
    client.track("bought");
    await f.close();
    expect(collector.calls).toEqual([]);
    expect(f.analytics.stats()).toMatchObject({ enabled: false, exposures: 0, tracked: 0 });
    // Reads are as they are without analytics.
    expect(f.telemetry.requestRecorder({ knownKey: () => "ann" })).toBeUndefined();
  });

  it.each(["FEATURE_OFFLINE=true", "FEATURE_SEND_EVENTS=false"])(
    "is nothing with %s",
    (variable) => {
      const [name = "", value = ""] = variable.split("=");
      vi.stubEnv(name, value);
      try {
        expect(started().f.analytics.stats().enabled).toBe(false);
      } finally {
        vi.unstubAllEnvs();
      }
    },
  );
});
