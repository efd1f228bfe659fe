import assert from "node:assert/strict";
import { type FlagsOptions, MemoryStore } from "@halyard/server";
import { type Check, until } from "./bench.ts";
import {
  BY,
  COOKIE,
  claims,
  FLAGS,
  forge,
  HEADER,
  KEY,
  PLAIN,
  ROUTES,
  SECRET,
  TOKENS,
} from "./edge-flags.ts";

const OTHER = "another-secret-of-thirty-two-byte";

/** What an attacker may come up with, and why it is not heeded. `{}` of a good one is good. */
const FORGED: readonly (readonly [name: string, flaw: string, token: (good: string) => string])[] =
  [
    ["another secret", "bad_signature", () => forge(claims(), { secret: OTHER })],
    ["an empty secret", "bad_signature", () => forge(claims(), { secret: "" })],
    ["the key's id as secret", "bad_signature", () => forge(claims(), { secret: "k1" })],
    ["another algorithm", "bad_signature", () => forge(claims(), { algorithm: "sha512" })],
    ["a weaker algorithm", "bad_signature", () => forge(claims(), { algorithm: "md5" })],
    ["signed for another purpose", "bad_signature", () => forge(claims(), { purpose: "" })],
    ["another key's id", "unknown_key", () => forge(claims(), { kid: "k2" })],
    ["a key's id of Object.prototype", "unknown_key", () => forge(claims(), { kid: "__proto__" })],
    ["a key's id that is a path", "unknown_key", () => forge(claims(), { kid: "/dev/null" })],
    ["another version", "malformed", () => forge(claims(), { version: "h0" })],
    ["the version none", "malformed", () => forge(claims(), { version: "none" })],
    ["no signature", "malformed", (good) => good.slice(0, good.lastIndexOf(".") + 1)],
    ["three parts", "malformed", (good) => good.slice(0, good.lastIndexOf("."))],
    ["five parts", "malformed", (good) => `${good}.x`],
    ["a truncated signature", "bad_signature", (good) => good.slice(0, -1)],
    ["a longer signature", "bad_signature", (good) => `${good}A`],
    ["another last character of the same bytes", "bad_signature", sameBytes],
    ["a padded signature", "bad_signature", (good) => `${good}=`],
    ["other claims under a good signature", "bad_signature", otherClaims],
    ["a JSON web token without an algorithm", "malformed", () => jwt({ alg: "none" })],
    ["a JSON web token", "malformed", () => jwt({ alg: "HS256", kid: "k1" })],
    ["nothing but dots", "malformed", () => "..."],
    ["no ASCII", "malformed", () => "\u00fc.\u00fc"],
    ["oversize", "too_long", () => forge(claims({ pad: "x".repeat(4000) }))],
    ["another environment", "other_audience", () => forge(claims({ aud: ["shop", "staging"] }))],
    ["another application", "other_audience", () => forge(claims({ aud: ["pay", "production"] }))],
    ["an audience in one text", "malformed", () => forge(claims({ aud: "shop/production" }))],
    [
      "an audience with more",
      "malformed",
      () => forge(claims({ aud: ["shop", "production", "x"] })),
    ],
    ["no audience", "malformed", () => forge(claims({ aud: undefined }))],
    ["expired", "expired", () => forge(claims({ exp: Math.floor(Date.now() / 1000) - 1 }))],
    ["expired long ago", "expired", () => forge(claims({ exp: -1 }))],
    ["no end", "malformed", () => forge(claims({ exp: undefined }))],
    ["an end that is null", "malformed", () => forge(claims({ exp: null }))],
    ["an end that is a text", "malformed", () => forge(claims({ exp: "9999999999" }))],
    ["an end too far away", "lasts_too_long", () => forge(claims({ exp: 9_999_999_999 }))],
    ["an end in milliseconds", "lasts_too_long", () => forge(claims({ exp: Date.now() + 1000 }))],
    ["no id", "malformed", () => forge(claims({ jti: undefined }))],
    ["an id that breaks lines", "malformed", () => forge(claims({ jti: "a\nb" }))],
    ["an id that is an object", "malformed", () => forge(claims({ jti: { a: 1 } }))],
    ["a subject that is a list", "malformed", () => forge(claims({ sub: ["ann"] }))],
    ["a subject that is empty", "malformed", () => forge(claims({ sub: "" }))],
    ["no flags", "malformed", () => forge(claims({ flags: undefined }))],
    ["a list of flags", "malformed", () => forge(claims({ flags: ["beta"] }))],
    ["a flag __proto__", "malformed", () => forge('{"flags":{"__proto__":{"polluted":1}}}')],
    ["a flag with no key", "malformed", () => forge(claims({ flags: { "be ta": true } }))],
    ["a flag with a key beyond ASCII", "malformed", () => forge(claims({ flags: { bêta: true } }))],
    ["too many flags", "malformed", () => forge(claims({ flags: manyFlags(51) }))],
    ["claims that are no JSON", "malformed", () => forge("{")],
    ["claims that are null", "malformed", () => forge("null")],
    ["claims that are a list", "malformed", () => forge("[]")],
  ];

function manyFlags(count: number): Record<string, boolean> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, true]));
}

function jwt(header: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims())}.`;
}

/** 43 characters are 258 bits: the last two of them belong to no byte. */
function sameBytes(good: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(good.at(-1) as string);
  return good.slice(0, -1) + alphabet[last ^ 1];
}

function otherClaims(good: string): string {
  const [version, kid, , signature] = good.split(".");
  const payload = Buffer.from(JSON.stringify(claims({ flags: { secret: true } })));
  return [version, kid, payload.toString("base64url"), signature].join(".");
}

/** Tokens that are good, with flags that reads do not take from them. */
const HARMLESS: readonly (readonly [name: string, flags: object])[] = [
  ["a wrong type", { beta: "true", size: 1.5, text: 1 }],
  ["null", { beta: null, text: null }],
  ["a flag that may not be overridden", { fixed: true }],
  ["nothing", {}],
];

/** Paths that browsers might take for another host, with the token's parameter behind. */
const PATHS: readonly string[] = [
  "//evil.example",
  "///evil.example",
  "//evil.example/..",
  "/\\evil.example",
  "/\\/evil.example",
  "\\\\evil.example",
  "/read/..//evil.example",
  "/.//evil.example",
  "/https://evil.example",
  "/a/https:evil.example",
  "/javascript:alert(1)",
  "/read/%0d%0aset-cookie:%20a=b",
  "/read;@evil.example",
  "/%5cevil.example",
];

export function tokenAttackTests(check: Check): void {
  const start = { flags: FLAGS, options: TOKENS };

  for (const [name, flaw, make] of FORGED) {
    check(`forged tokens: ${name}`, async (bench) => {
      const flags = bench.flags(start.flags, start.options);
      const server = await bench.start({ flags, routes: ROUTES });
      const good = forge(claims());
      const token = make(good);
      assert.deepEqual(flags.overrideTokens.inspect(token), { accepted: false, flaw });
      // Where Node sends it at all.
      const isText = /^[\x21-\x7e]*$/.test(token);
      const sent = isText ? [{ [HEADER]: token }, { cookie: `${COOKIE}=${token}` }] : [];
      for (const headers of sent as Record<string, string>[]) {
        const answer = await server.send("/read", { headers });
        assert.deepEqual([answer.status, answer.body], [200, PLAIN]);
        assert.equal(answer.headers["halyard-overrides"], undefined);
      }
      const link = await server.send(`/read?halyard_token=${encodeURIComponent(token)}`);
      assert.deepEqual([link.status, link.cookies], [303, []]);
      const lines = bench.logs.filter((line) => line.includes("is not heeded"));
      // Once of a kind; a token in a link may be too odd to be the same one.
      assert.ok(lines.length === 1 || !isText, lines.join("\n"));
      assert.ok(!bench.logs.join("\n").includes(token));
      assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    });
  }

  check("forged tokens: beside a good one, which is heeded", async (bench) => {
    const server = await bench.start({ flags: bench.flags(FLAGS, TOKENS), routes: ROUTES });
    const good = forge(claims());
    const headers = { [HEADER]: `${good}x`, cookie: `${COOKIE}=${good}` };
    assert.deepEqual(await server.json("/read", { headers }), { ...PLAIN, beta: true });
    // Two of a header are joined by frameworks and proxies; which one is meant, nobody knows.
    const two = { [HEADER]: `${good}, ${good}` };
    assert.deepEqual(await server.json("/read", { headers: two }), PLAIN);
    const twice = await server.send(`/read?halyard_token=${good}&halyard_token=${good}`);
    assert.deepEqual([twice.status, twice.cookies, twice.headers.location], [303, [], "./read"]);
  });

  for (const [name, flags] of HARMLESS) {
    check(`tokens with ${name} change nothing`, async (bench) => {
      const server = await bench.start({ flags: bench.flags(FLAGS, TOKENS), routes: ROUTES });
      const answer = await server.send("/read", {
        headers: { [HEADER]: forge(claims({ flags })) },
      });
      assert.deepEqual(answer.body, PLAIN);
      assert.equal(answer.headers["cache-control"], "private, no-store");
      assert.equal(answer.headers["halyard-overrides"], undefined);
    });
  }

  check("a token of another environment or application is replayed in vain", async (bench) => {
    const elsewhere: readonly FlagsOptions[] = [
      { ...TOKENS, environment: "staging" },
      { ...TOKENS, environment: "" },
      { ...TOKENS, overrideTokens: { application: "pay", keys: [KEY] } },
    ];
    const here = bench.flags(FLAGS, TOKENS);
    for (const options of elsewhere) {
      const there = bench.flags(FLAGS, options);
      const { token } = await there.overrideTokens.issue({ ...BY, flags: { beta: true } as never });
      assert.equal(there.overrideTokens.inspect(token).accepted, true);
      const inspected = here.overrideTokens.inspect(token);
      assert.deepEqual(inspected, { accepted: false, flaw: "other_audience" });
    }
  });

  check("a token ends while its cookie is still sent", async (bench) => {
    let now = Date.now();
    const flags = bench.flags(FLAGS, { ...TOKENS, clock: () => now });
    const server = await bench.start({ flags, routes: ROUTES });
    const { token } = await flags.overrideTokens.issue({
      ...BY,
      flags: { beta: true } as never,
      expiresIn: 60_000,
    });
    const headers = { cookie: `${COOKIE}=${token}` };
    assert.equal((await server.json("/read", { headers })).beta, true);
    now += 61_000;
    assert.equal((await server.json("/read", { headers })).beta, false);
  });

  check("a token does nothing while nobody knows what may be overridden", async (bench) => {
    const silent = { name: "silent", read: () => new Promise<never>(() => {}) };
    const options = { ...TOKENS, sources: [silent], startTimeout: 1 };
    const server = await bench.start({ flags: bench.flags({}, options), routes: ROUTES });
    const token = forge(claims({ flags: { beta: true, fixed: true, undefined: "made" } }));
    const answer = await server.json("/read", { headers: { [HEADER]: token } });
    const { beta, fixed, undefined: other } = answer;
    assert.deepEqual([beta, fixed, other], [false, false, "absent"]);
  });

  check("no token is heeded while the store has not said what is revoked", async (bench) => {
    const store = new MemoryStore();
    const { read } = store;
    let isDown = true;
    const silent = {
      name: "silent",
      read: () => (isDown ? Promise.reject(new Error("refused")) : read.call(store)),
      readSync: undefined,
    };
    const flags = bench.flags(FLAGS, {
      ...TOKENS,
      store: Object.assign(Object.create(store), silent),
      startTimeout: 1,
      refreshInterval: 100,
    });
    const server = await bench.start({ flags, routes: ROUTES });
    const token = forge(claims());
    const beta = async (): Promise<unknown> =>
      (await server.json("/read", { headers: { [HEADER]: token } })).beta;
    assert.equal(await beta(), false);
    const inspected = flags.overrideTokens.inspect(token);
    assert.deepEqual(inspected, { accepted: false, flaw: "revocations_unknown" });
    isDown = false;
    await until("the store is read", () => flags.overrideTokens.inspect(token).accepted);
    assert.equal(await beta(), true);
  });

  for (const failure of ["open", "closed"] as const) {
    check(`a token of a subject that can't be loaded, failing ${failure}`, async (bench) => {
      const store = new MemoryStore();
      store.readSubject = () => Promise.reject(new Error("connection refused"));
      const server = await bench.start({
        flags: bench.flags(FLAGS, { ...TOKENS, store, subjects: { failure } }),
        authentication: { at: "before", user: () => ({ id: "ann" }) },
        routes: ROUTES,
      });
      const token = forge(claims({ flags: { beta: true, undefined: "made" } }));
      const { beta, undefined: other } = await server.json("/read", {
        headers: { [HEADER]: token },
      });
      assert.deepEqual([beta, other], failure === "open" ? [true, "made"] : [false, "absent"]);
    });
  }

  for (const path of PATHS) {
    check(`no link leads elsewhere: ${path}`, async (bench) => {
      const server = await bench.start({ flags: bench.flags(FLAGS, TOKENS), routes: ROUTES });
      const token = forge(claims());
      const { hostname, port } = new URL(server.running.url);
      const { request } = await import("node:http");
      let location: string | undefined;
      const target = `${path}?halyard_token=${token}&a=1`;
      request({ hostname, port, path: target, agent: false }, (message) => {
        location = message.headers.location ?? "";
        message.resume();
      }).end();
      await until("it is answered", () => location !== undefined);
      // Frameworks refuse some of them before anybody is asked.
      if (location === "") return;
      const base = new URL("http://shop.example/");
      const asked = new URL(`http://shop.example${path.startsWith("/") ? "" : "/"}${path}`);
      const led = new URL(location as string, asked);
      assert.equal(led.host, base.host);
      assert.equal(led.protocol, "http:");
      assert.ok(!led.href.includes(token));
      assert.equal(led.search, "?a=1");
    });
  }

  check("secrets are in no log, no error and no inspection", async (bench) => {
    const flags = bench.flags(FLAGS, TOKENS);
    const { inspect } = await import("node:util");
    const shown = inspect(flags.overrideTokens, { depth: 20, showHidden: true });
    assert.ok(!shown.includes(SECRET));
    for (const keys of [[{ kid: "k1", secret: SECRET.slice(1) }], [KEY, KEY], []]) {
      const overrideTokens = { application: "shop", keys };
      assert.throws(
        () => bench.flags(FLAGS, { overrideTokens }),
        (error: Error) =>
          !error.message.includes(SECRET.slice(1)) && error.message.includes("keys"),
      );
    }
  });
}
