import { describe, expect, it } from "vitest";
import type { FlagClient } from "../../packages/core/src/index.ts";
import { OPERATORS } from "./generate/attributes.ts";
import { clientOf, load, snapshotOf } from "./harness.ts";

const ATTRIBUTES = [
  "plan",
  "user.plan",
  "__proto__",
  "__proto__.plan",
  "groups",
  "constructor.name",
];

/** A flag for every operator on every attribute, and ones for all other readers of contexts. */
function document(): object {
  const flags: Record<string, unknown> = {};
  for (const [op, { operands }] of Object.entries(OPERATORS)) {
    for (const attribute of ATTRIBUTES) {
      const values = op === "between" ? [0, 1] : operands.slice(0, 2);
      const valued = op === "exists" || op === "notExists" ? {} : { values };
      const when = { attribute, op, ...valued };
      flags[`${op}/${attribute.replaceAll("_", "-")}`.replaceAll("/-", "/x-")] = {
        rules: [{ when }],
      };
    }
  }
  flags.percentage = { percentage: 50 };
  flags.target = { targets: [{ variant: "on", values: ["user-1"] }] };
  const weights = { off: 50, on: 50 };
  flags.split = { fallthrough: { rollout: { by: "user.plan", weights } } };
  return { flags };
}

const set = load(document());
const snapshot = snapshotOf(set, { now: 0 });

function throwing(): never {
  throw new Error("not yours");
}

class User {
  readonly plan = "pro";
  get age(): number {
    return throwing();
  }
}

function cyclic(): object {
  const user: Record<string, unknown> = { plan: "pro" };
  user.user = user;
  const groups: unknown[] = ["beta"];
  groups.push(groups);
  return { ...user, groups };
}

const HANDLER: ProxyHandler<object> = {
  get: throwing,
  has: throwing,
  ownKeys: throwing,
  getOwnPropertyDescriptor: throwing,
  getPrototypeOf: throwing,
};

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const huge = "a".repeat(1_000_000);

const CONTEXTS: Readonly<Record<string, () => unknown>> = {
  "an own __proto__": () => JSON.parse('{"__proto__": {"plan": "pro", "targetingKey": "user-1"}}'),
  "an own __proto__ inside": () => JSON.parse('{"user": {"__proto__": {"plan": "pro"}}}'),
  "cyclic objects": cyclic,
  "getters that throw": () => ({
    get plan() {
      return throwing();
    },
    user: {
      get plan() {
        return throwing();
      },
    },
    get targetingKey() {
      return throwing();
    },
  }),
  "a proxy that throws": () => new Proxy({}, HANDLER),
  "proxies that throw inside": () => ({
    user: new Proxy({}, HANDLER),
    plan: new Proxy({}, HANDLER),
    groups: new Proxy([], HANDLER),
    targetingKey: new Proxy({}, HANDLER),
  }),
  "a revoked proxy": revoked,
  "revoked proxies inside": () => ({ user: revoked(), plan: revoked(), groups: [revoked()] }),
  "huge strings": () => ({ targetingKey: huge, plan: huge, groups: [huge], user: { plan: huge } }),
  "a huge list": () => ({ groups: Array.from({ length: 100_000 }, (_, index) => `g${index}`) }),
  "class instances": () => ({ user: new User(), plan: new User(), targetingKey: new User() }),
  "a class instance": () => new User(),
  "values of other kinds": () => ({
    plan: Symbol("pro"),
    groups: () => ["beta"],
    targetingKey: 10n,
    user: new Map([["plan", "pro"]]),
  }),
  "a sparse list": () => ({ groups: new Array(1000), plan: [undefined, null, Number.NaN] }),
  "an object whose conversion throws": () => ({
    plan: { toString: throwing, valueOf: throwing, toJSON: throwing },
    targetingKey: { toString: throwing },
  }),
  "a Date whose time throws": () => ({ plan: Object.assign(new Date(), { getTime: throwing }) }),
  "an object without a prototype": () => Object.assign(Object.create(null), { plan: "pro" }),
  "an attribute called attribute": () => ({
    attribute: throwing,
    load: throwing,
    toJSON: throwing,
  }),
  null: () => null,
  undefined: () => undefined,
  "a string": () => "user-1",
  "a number": () => 42,
  "a symbol": () => Symbol("context"),
  "a function": () => throwing,
  "a list": () => ["user-1"],
  "a promise": () => Promise.resolve({ plan: "pro" }),
};

const KEYS: readonly unknown[] = ["", " ", "__proto__", "constructor", "toString", huge, null, 1];
const MORE_KEYS: readonly unknown[] = [
  undefined,
  Symbol("key"),
  {},
  [],
  throwing,
  { toString: throwing },
];

function readAll(client: FlagClient, key: never): void {
  client.enabled(key);
  client.enabled(key, true);
  client.value(key);
  client.boolean(key, false);
  client.string(key, "");
  client.integer(key, 0);
  client.number(key, 0);
  client.json(key, {});
  client.details(key);
  client.explain(key);
}

describe("no read throws", () => {
  it.each(Object.keys(CONTEXTS))("for %s", (name) => {
    const make = CONTEXTS[name] as () => unknown;
    const client = clientOf(snapshot, make());
    for (const key of set.flags.keys()) readAll(client, key as never);
    expect(Object.keys(client.all())).toHaveLength(set.flags.size);
  });

  it("for keys that are none", () => {
    const client = clientOf(snapshot, {});
    for (const key of [...KEYS, ...MORE_KEYS]) {
      readAll(client, key as never);
      expect(client.details(key as never)).toMatchObject({ errorCode: "FLAG_NOT_FOUND" });
    }
  });
});

describe("hostile contexts", () => {
  const on = (context: unknown) => {
    const values = clientOf(snapshot, context).all();
    return Object.keys(values).filter((key) => key.startsWith("exists/") && values[key] === true);
  };

  it("lend nothing from prototypes", () => {
    expect(on({})).toEqual([]);
    expect(on(Object.create({ plan: "pro" }))).toEqual([]);
    expect(on({ user: Object.create({ plan: "pro" }) })).toEqual([]);
    expect(on({ user: new User() })).toEqual([]);
  });

  it("have own properties of any name", () => {
    const context: unknown = JSON.parse('{"__proto__": {"plan": "pro"}}');
    expect(on(context)).toEqual(["exists/x--proto--", "exists/x--proto--.plan"]);
    expect(Object.prototype).not.toHaveProperty("plan");
  });

  it("read what can be read beside what throws", () => {
    const context = {
      plan: "pro",
      get groups(): string[] {
        return throwing();
      },
    };
    expect(on(context)).toEqual(["exists/plan"]);
  });
});
