import assert from "node:assert/strict";
import { type Flags, type FlagsOptions, MemoryStore } from "@halyard/server";
import type { Bench, Check, Received, Server } from "./bench.ts";
import {
  BY,
  COOKIE,
  cookie,
  FLAGS,
  HEADER,
  KEY,
  PLAIN,
  ROUTES,
  TOKENS,
  values,
} from "./edge-flags.ts";
import type { AppDescription } from "./harness.ts";

interface Setting {
  readonly flags: Flags;
  readonly server: Server;
}

async function production(
  bench: Bench,
  options: FlagsOptions = {},
  app: AppDescription = {},
): Promise<Setting> {
  const flags = bench.flags(FLAGS, { ...TOKENS, ...options });
  return { flags, server: await bench.start({ flags, routes: ROUTES, ...app }) };
}

const BETA = { flags: { beta: true }, ...BY } as never;

/** Where the answer to a link leads, as browsers see it. */
function target(answer: Received, base: string): URL {
  return new URL(String(answer.headers.location), base);
}

export function overrideTokenTests(check: Check): void {
  check("tokens: by header and by cookie, in production", async (bench) => {
    const { flags, server } = await production(bench);
    const changed = { beta: true, text: "x", shape: { r: 0 }, undefined: "made" };
    const { token } = await flags.overrideTokens.issue({ ...BY, flags: changed as never });
    const sent: readonly Record<string, string>[] = [
      { [HEADER]: token },
      { cookie: `a=b; ${COOKIE}=${token}` },
    ];
    for (const headers of sent) {
      const answer = await server.send("/read", { headers });
      assert.deepEqual(answer.body, { ...PLAIN, ...changed });
      assert.equal(answer.headers["cache-control"], "private, no-store");
      assert.equal(answer.headers["halyard-overrides"], "beta, +3");
      assert.equal(answer.headers["cdn-cache-control"], undefined);
      assert.equal((await server.send("/guarded", { headers })).status, 200);
    }
    assert.deepEqual(await values(server, "/read"), PLAIN);
    assert.equal((await server.send("/guarded")).status, 404);
    assert.ok(!bench.logs.join("\n").includes(token));
  });

  check("tokens: a header's comes before a cookie's", async (bench) => {
    const { flags, server } = await production(bench);
    const one = await flags.overrideTokens.issue({ ...BY, flags: { text: "header" } as never });
    const other = await flags.overrideTokens.issue({
      ...BY,
      flags: { text: "cookie", size: 1 } as never,
    });
    const headers = { [HEADER]: one.token, cookie: `${COOKIE}=${other.token}` };
    assert.deepEqual(await values(server, "/read", headers), { ...PLAIN, text: "header", size: 1 });
  });

  check("tokens: explained by id", async (bench) => {
    const { flags, server } = await production(bench);
    const { token, jti, expiresAt } = await flags.overrideTokens.issue(BETA);
    const { body } = await server.send("/why", { headers: { [HEADER]: token } });
    const [{ layer, priority, origin, outcome, ...trace } = {} as Record<string, unknown>] =
      body as Record<string, unknown>[];
    assert.deepEqual(
      [layer, priority, origin, outcome, trace.expiresAt],
      ["session", 200, `token:${jti}`, "served", expiresAt],
    );
  });

  check("tokens: a link becomes a cookie and a clean address", async (bench) => {
    const { flags, server } = await production(bench, { clock: () => 1_800_000_000_000 });
    const { token } = await flags.overrideTokens.issue(BETA);
    const answer = await server.send(`/read?a=1&halyard_token=${token}&b=%20x`);
    assert.equal(answer.status, 303);
    assert.equal(target(answer, "http://shop/read").href, "http://shop/read?a=1&b=%20x");
    assert.equal(answer.headers["cache-control"], "private, no-store");
    assert.equal(answer.headers["referrer-policy"], "no-referrer");
    const { pair, attributes } = cookie(answer, COOKIE);
    assert.equal(pair, `${COOKIE}=${token}`);
    assert.deepEqual(attributes, ["Path=/", "Max-Age=86400", "HttpOnly", "SameSite=Lax"]);
    assert.deepEqual(await values(server, "/read", { cookie: pair }), { ...PLAIN, beta: true });
    assert.ok(!bench.logs.join("\n").includes(token));

    const end = await server.send("/read?halyard_token=", { headers: { cookie: pair } });
    assert.deepEqual(cookie(end, COOKIE).attributes.slice(0, 2), ["Path=/", "Max-Age=0"]);
    assert.equal(target(end, "http://shop/read").href, "http://shop/read");
  });

  check(
    "tokens: a link's parameter means nothing but in a GET, or where links are off",
    async (bench) => {
      const { flags, server } = await production(bench);
      const { token } = await flags.overrideTokens.issue(BETA);
      const posted = await server.send(`/read?halyard_token=${token}`, {
        method: "post",
        body: {},
      });
      assert.deepEqual([posted.status, posted.cookies], [200, []]);
      const head = await server.send(`/read?halyard_token=${token}`, { method: "head" });
      assert.equal(head.status, 303);
      const overrideTokens = { application: "shop", keys: [KEY], links: false };
      const { server: off } = await production(bench, { overrideTokens });
      const read = await off.send(`/read?halyard_token=${token}`);
      assert.deepEqual([read.status, read.cookies, read.body], [200, [], PLAIN]);
    },
  );

  check("tokens: only for their subject, once that is known", async (bench) => {
    for (const at of ["before", "after"] as const) {
      const { flags, server } = await production(
        bench,
        {},
        {
          authentication: {
            at,
            user: (headers) => headers["x-user"] && { id: headers["x-user"] },
          },
        },
      );
      const { token } = await flags.overrideTokens.issue({
        ...(BETA as object),
        subject: "ann",
      } as never);
      const as = async (user: string | undefined): Promise<unknown> => {
        const headers = { [HEADER]: token, ...(user && { "x-user": user }) };
        const answer = await server.send("/read", { headers });
        assert.equal(answer.headers["cache-control"], "private, no-store");
        return [(answer.body as { beta: unknown }).beta, answer.headers["halyard-overrides"]];
      };
      assert.deepEqual(await as("ann"), [true, "beta"]);
      assert.deepEqual(await as("ben"), [false, undefined]);
      assert.deepEqual(await as("Ann"), [false, undefined]);
      assert.deepEqual(await as(undefined), [false, undefined]);
    }
  });

  check("tokens: an anonymous visitor is nobody's subject", async (bench) => {
    const { flags, server } = await production(bench, { anonymous: true });
    const id = "anon_00000000-0000-4000-8000-000000000000";
    const { token } = await flags.overrideTokens.issue({
      ...(BETA as object),
      subject: id,
    } as never);
    const headers = { [HEADER]: token, cookie: `halyard_anon=${id}` };
    assert.deepEqual(await values(server, "/read", headers), PLAIN);
  });

  check("tokens: revoked, in every process of the store", async (bench) => {
    const store = new MemoryStore();
    const { flags, server } = await production(bench, { store });
    const { token, jti } = await flags.overrideTokens.issue(BETA);
    const other = await flags.overrideTokens.issue(BETA);
    const headers = { [HEADER]: token };
    assert.equal((await values(server, "/read", headers)).beta, true);
    assert.equal(await flags.overrideTokens.revoke(jti, BY), true);
    assert.equal(await flags.overrideTokens.revoke(jti, BY), false);
    assert.deepEqual(await values(server, "/read", headers), PLAIN);
    assert.deepEqual((await server.send(`/read?halyard_token=${token}`)).cookies, []);
    assert.equal((await values(server, "/read", { [HEADER]: other.token })).beta, true);
    // Another process, which starts later.
    const { server: second } = await production(bench, { store });
    assert.deepEqual(await values(second, "/read", headers), PLAIN);
    assert.equal((await values(second, "/read", { [HEADER]: other.token })).beta, true);
    assert.deepEqual((await second.json("/twice", { headers: { [HEADER]: other.token } })).all, {
      beta: true,
      secret: false,
      text: "plain",
      size: 10,
      layout: "w",
      shape: { r: 1 },
      fixed: false,
    });
  });

  check("tokens: below emergencies, and not for what may not be overridden", async (bench) => {
    const { flags, server } = await production(bench);
    const { token } = await flags.overrideTokens.issue(BETA);
    await flags.overrides.kill("beta", BY);
    const answer = await server.send("/read", { headers: { [HEADER]: token } });
    assert.deepEqual([answer.body, answer.headers["halyard-overrides"]], [PLAIN, undefined]);
    await assert.rejects(flags.overrideTokens.issue({ ...BY, flags: { fixed: true } as never }), {
      code: "INVALID_OVERRIDE",
    });
  });

  check("tokens: a request without any is left as it is", async (bench) => {
    const { server } = await production(bench);
    const answer = await server.send("/read", { headers: { cookie: "a=b" } });
    assert.deepEqual([answer.body, answer.cookies], [PLAIN, []]);
    assert.equal(answer.headers["cache-control"], "public, max-age=600");
  });
}
