import assert from "node:assert/strict";
import { type FlagsOptions, MemoryStore } from "@halyard/server";
import type { Bench, Check, Server } from "./bench.ts";
import { BY, CACHED, cookie, FLAGS, PLAIN, ROUTES, STAGING, values } from "./edge-flags.ts";

const NAME = "halyard_overrides";

function staging(bench: Bench, options: FlagsOptions = {}): Promise<Server> {
  return bench.start({ flags: bench.options(FLAGS, { ...STAGING, ...options }), routes: ROUTES });
}

/** Queries, and what differs from what reads give without. */
const HEEDED: readonly (readonly [query: string, changed: object])[] = [
  ["ff_beta=true", { beta: true }],
  ["ff_beta=1", { beta: true }],
  ["ff_beta=on", { beta: true }],
  ["ff_beta=ON", { beta: true }],
  ["a=b&ff_beta=on&c=d", { beta: true }],
  ["ff_text=a=b=c", { text: "a=b=c" }],
  ["ff_text=a%20b+c%26d", { text: "a b c&d" }],
  ["ff_text=%C3%BC%F0%9F%9A%A9", { text: "ü🚩" }],
  ["ff_layout=narrow", { layout: "n" }],
  ["ff_layout=other", { layout: "other" }],
  ["ff_size=12", { size: 12 }],
  ["ff_size=-3", { size: -3 }],
  ["ff_shape=square", { shape: { r: 0 } }],
  ["ff_beta=on&ff_size=3&ff_text=x", { beta: true, size: 3, text: "x" }],
];

/** Queries that change nothing. */
const IGNORED: readonly string[] = [
  "ff_beta=off",
  "ff_beta=yes",
  "ff_beta=2",
  "ff_beta=",
  "ff_beta",
  "ff_=on",
  "FF_beta=on",
  "%66f_beta=on",
  "xff_beta=on",
  "ff_Beta=on",
  "x=ff_beta=on",
  "ff_fixed=on",
  "ff_size=1e9",
  "ff_size=1.5",
  "ff_size=0x10",
  "ff_size=Infinity",
  "ff_size=99999999999999999999",
  'ff_shape={"r":2}',
  'ff_shape={"__proto__":{"polluted":true}}',
  "ff_undefined=x",
  "ff___proto__=on",
  "ff_constructor=on",
  "ff_toString=on",
  "ff_beta[]=on",
  "ff_beta%00=on",
  "ff_b%C3%A9ta=on",
  "ff_%E2%80%AEbeta=on",
  "ff_text=%E0%A4%A",
  "ff_text=%ED%A0%80",
  "ff_text=a%0D%0Ab",
  "ff_text=%00",
  `ff_text=${"x".repeat(257)}`,
  "ff_beta=on&ff_beta=on",
  "ff_beta=on&ff_beta=off&ff_beta=on",
  "ff_beta=on&ff_%62eta=off",
];

export function urlOverrideTests(check: Check): void {
  check("URL overrides: values by the flag's type", async (bench) => {
    const server = await staging(bench);
    for (const [query, changed] of HEEDED) {
      assert.deepEqual(await values(server, `/read?${query}`), { ...PLAIN, ...changed }, query);
    }
  });

  check("URL overrides: what is invalid, unknown or ambiguous is absent", async (bench) => {
    const server = await staging(bench);
    for (const query of IGNORED) {
      const answer = await server.send(`/read?${query}`);
      assert.deepEqual([answer.status, answer.body], [200, PLAIN], query);
    }
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  check("URL overrides: at most 20 of a request", async (bench) => {
    const flags = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, false]));
    const server = await bench.start({
      flags: bench.options(flags, STAGING),
      routes: [{ path: "/all", handler: ({ flags: client }) => ({ json: client.all() }) }],
    });
    const query = Object.keys(flags).map((key) => `ff_${key}=on`);
    const first = await server.send(`/all?${query.slice(0, 25).join("&")}`);
    const on = (body: unknown): number => Object.values(body as object).filter(Boolean).length;
    assert.equal(on(first.body), 20);
    // Nor more with those that are kept.
    const { pair } = cookie(first, NAME);
    const more = `/all?${query.slice(20).join("&")}`;
    assert.equal(on((await server.send(more, { headers: { cookie: pair } })).body), 20);
  });

  check("URL overrides: no more than a cookie takes", async (bench) => {
    const keys = Array.from({ length: 10 }, (_, index) => `t${index}`);
    const text = { type: "string", default: "" };
    const server = await bench.start({
      flags: bench.options(Object.fromEntries(keys.map((key) => [key, text])), STAGING),
      routes: [{ path: "/all", handler: ({ flags }) => ({ json: flags.all() }) }],
    });
    const query = keys.map((key) => `ff_${key}=${"%C3%BC".repeat(80)}`).join("&");
    const answer = await server.send(`/all?${query}`);
    const { pair } = cookie(answer, NAME);
    assert.ok(pair.length < 2100);
    const set = Object.values(answer.body as object).filter((value) => value !== "");
    assert.equal(set.length, 4);
    assert.deepEqual((await server.send("/all", { headers: { cookie: pair } })).body, answer.body);
    assert.ok(bench.logs.some((line) => line.includes("(too_many)")));
  });

  check("URL overrides: kept for 24 hours, changed, and taken back", async (bench) => {
    const server = await staging(bench);
    const first = await server.send("/read?ff_beta=on&ff_text=a;b%20c");
    const { pair, attributes } = cookie(first, NAME);
    assert.equal(pair, `${NAME}=beta=on&text=a%3Bb%20c`);
    assert.deepEqual(attributes, ["Path=/", "Max-Age=86400", "HttpOnly", "SameSite=Lax"]);
    const kept = { ...PLAIN, beta: true, text: "a;b c" };
    assert.deepEqual(await values(server, "/read", { cookie: `x=y; ${pair}` }), kept);
    const again = await server.send("/read", { headers: { cookie: pair } });
    assert.deepEqual(again.cookies, []);

    const off = await server.send("/read?ff_beta=off", { headers: { cookie: pair } });
    assert.deepEqual(off.body, { ...kept, beta: false });
    assert.equal(cookie(off, NAME).pair, `${NAME}=beta=off&text=a%3Bb%20c`);
    const back = await server.send("/read?ff_beta=&ff_text=", { headers: { cookie: pair } });
    assert.deepEqual(back.body, PLAIN);
    assert.deepEqual(cookie(back, NAME).attributes.slice(0, 2), ["Path=/", "Max-Age=0"]);
    assert.equal(back.headers["cache-control"], "private, no-store");
  });

  check("URL overrides: Secure where the request came over TLS", async (bench) => {
    const server = await bench.start({
      flags: bench.options(FLAGS, STAGING),
      trustProxy: "loopback",
      routes: ROUTES,
    });
    const headers = { "x-forwarded-proto": "https", "x-forwarded-for": "10.0.0.1" };
    const { attributes } = cookie(await server.send("/read?ff_beta=on", { headers }), NAME);
    assert.ok(attributes.includes("Secure"));
  });

  check("URL overrides: a cookie of somebody's own making is read as a URL is", async (bench) => {
    const server = await staging(bench);
    const cases: readonly (readonly [string, object])[] = [
      ["beta=on", { beta: true }],
      ["beta=on&beta=on", {}],
      ["__proto__=on&fixed=on&undefined=x&text=%0D%0Ax", {}],
      ["%", {}],
      ["=", {}],
      [`text=${"x".repeat(300)}`, {}],
      [`beta=on&${"x=1&".repeat(1500)}`, { beta: true }],
    ];
    for (const [text, changed] of cases) {
      const answer = await values(server, "/read", { cookie: `${NAME}=${text}` });
      assert.deepEqual(answer, { ...PLAIN, ...changed }, text.slice(0, 50));
    }
  });

  const ELSEWHERE: readonly FlagsOptions[] = [
    { environment: "production", urlOverrides: {} },
    { environment: "Production", urlOverrides: { environments: ["staging"] } },
    { environment: "prod", urlOverrides: {} },
    { environment: "", urlOverrides: {} },
    { environment: "test", urlOverrides: {} },
    { environment: "staging" },
  ];
  for (const options of ELSEWHERE) {
    check(`URL overrides: off with ${JSON.stringify(options)}`, async (bench) => {
      const server = await bench.start({ flags: bench.options(FLAGS, options), routes: ROUTES });
      const headers = { cookie: `${NAME}=beta=on` };
      const answer = await server.send("/read?ff_beta=on", { headers });
      assert.deepEqual([answer.body, answer.cookies], [PLAIN, []]);
      assert.equal(answer.headers["cache-control"], "public, max-age=600");
      assert.equal(answer.headers["halyard-overrides"], undefined);
    });
  }

  check("URL overrides: the answer is for this caller alone, and says so", async (bench) => {
    const server = await staging(bench);
    const alone = "private, no-store";
    const expected: readonly (readonly [string, number, string | undefined])[] = [
      ["/read?ff_beta=on", 200, "beta"],
      ["/read?ff_beta=on&ff_secret=on&ff_size=4", 200, "beta, +2"],
      ["/read?ff_secret=on", 200, "+1"],
      ["/read?ff_fixed=on", 200, undefined],
      ["/guarded?ff_beta=on", 200, "beta"],
      ["/guarded?ff_beta=off", 404, "beta"],
      ["/reads-nothing?ff_beta=on", 200, undefined],
      ["/fails?ff_beta=on", 500, "beta"],
    ];
    for (const [path, status, names] of expected) {
      const { headers, ...answer } = await server.send(path);
      assert.equal(answer.status, status, path);
      assert.equal(headers["cache-control"], alone, path);
      assert.equal(headers["halyard-overrides"], names, path);
      for (const name of Object.keys(CACHED)) {
        if (name !== "cache-control") assert.equal(headers[name], undefined, `${path} ${name}`);
      }
    }
    const plain = await server.send("/read");
    assert.equal(plain.headers["cache-control"], "public, max-age=600");
    assert.equal(plain.headers["halyard-overrides"], undefined);
  });

  check("URL overrides: explained, logged without values, the same all along", async (bench) => {
    const server = await staging(bench);
    const { body } = await server.send("/why?ff_beta=on");
    const [trace, ...more] = body as Record<string, unknown>[];
    assert.deepEqual(more, []);
    const { layer, priority, origin, value, outcome } = trace ?? {};
    assert.deepEqual(
      [layer, priority, origin, value, outcome],
      ["session", 200, "url", true, "served"],
    );
    const invalid = (await server.send("/why?ff_beta=perhaps")).body as Record<string, unknown>[];
    assert.equal(invalid[0]?.outcome, "wrong type");
    const twice = await server.json("/twice?ff_beta=on&ff_undefined=1");
    const { before, after, all } = twice;
    assert.deepEqual([before, after], [true, true]);
    assert.deepEqual(Object.keys(all as object).toSorted(), Object.keys(FLAGS).toSorted());
    await server.send("/read?ff_text=my-words");
    assert.ok(bench.logs.some((line) => line.startsWith("debug:") && line.includes("text (url)")));
    assert.ok(!bench.logs.join("\n").includes("my-words"));
  });

  check("URL overrides: below emergencies and code, above what is stored", async (bench) => {
    const flags = bench.flags(FLAGS, {
      ...STAGING,
      store: new MemoryStore(),
      overrides: { secret: false } as never,
    });
    const server = await bench.start({
      flags,
      session: () => "s1",
      authentication: { at: "before", user: () => ({ id: "ann" }) },
      routes: ROUTES,
    });
    await flags.overrides.set("text", { kind: "user", id: "ann" }, "of ann", BY);
    await flags.overrides.set("size", { kind: "session", id: "s1" }, 77, BY);
    const stored = { ...PLAIN, text: "of ann", size: 77 };
    assert.deepEqual(await values(server, "/read"), stored);
    assert.deepEqual(await values(server, "/read?ff_text=x&ff_size=5&ff_secret=on&ff_beta=on"), {
      ...PLAIN,
      text: "x",
      size: 5,
      beta: true,
    });
    await flags.overrides.kill("beta", BY);
    const killed = await server.send("/read?ff_beta=on");
    assert.deepEqual(killed.body, stored);
    assert.equal(killed.headers["halyard-overrides"], undefined);
  });

  check("URL overrides: other names", async (bench) => {
    const urlOverrides = { prefix: "try.", environments: ["qa"], cookie: "tries" };
    const server = await staging(bench, { environment: "qa", urlOverrides });
    const answer = await server.send("/read?try.beta=on&ff_text=x");
    assert.deepEqual(answer.body, { ...PLAIN, beta: true });
    assert.equal(cookie(answer, "tries").pair, "tries=beta=on");
  });
}
