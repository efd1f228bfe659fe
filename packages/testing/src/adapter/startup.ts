import assert from "node:assert/strict";
import type { DefinitionDocument, DefinitionSource, SourceListener } from "@halyard/server";
import { type Check, type Deferred, deferred, until } from "./bench.ts";
import type { RouteDescription } from "./harness.ts";

/** A source that answers when the test says so. */
class SlowSource implements DefinitionSource {
  readonly name: string;
  readonly #answer: Deferred<readonly DefinitionDocument[]> = deferred();
  #listener: SourceListener | undefined;
  #current: readonly DefinitionDocument[] | undefined;
  watching = false;

  constructor(name = "slow") {
    this.name = name;
    // A test that fails before it reads must not be hidden by this one.
    this.#answer.promise.catch(() => undefined);
  }

  async read(): Promise<readonly DefinitionDocument[]> {
    return this.#current ?? this.#answer.promise;
  }

  watch(listener: SourceListener): () => void {
    this.#listener = listener;
    this.watching = true;
    return () => {
      this.watching = false;
    };
  }

  /** The first answer, or a later one. */
  give(flags: Readonly<Record<string, unknown>>): void {
    this.#current = [{ name: this.name, document: { flags } }];
    this.#answer.resolve(this.#current);
    this.#listener?.onChange([this.name]);
  }

  fail(error: Error): void {
    this.#answer.reject(error);
  }
}

const ROUTES: readonly RouteDescription[] = [
  {
    path: "/read",
    handler: ({ flags }) => {
      const { value, reason, errorCode } = flags.details("beta", "mine");
      return { json: { value, reason, errorCode: errorCode ?? null } };
    },
  },
  {
    path: "/guarded",
    guards: [{ requirement: "beta", options: { variant: "on", onError: "error" } }],
    handler: () => ({ json: { passed: true } }),
  },
];

const NOT_READY = { value: "mine", reason: "ERROR", errorCode: "PROVIDER_NOT_READY" };
const READY = { value: true, reason: "STATIC", errorCode: null };

export function startupTests(check: Check): void {
  check("requests wait for the first definitions", async (bench) => {
    const source = new SlowSource();
    const arrived = deferred();
    const server = await bench.start({
      flags: bench.flags({}, { sources: [source], startTimeout: 60_000 }),
      authentication: { at: "before", user: () => arrived.resolve() },
      routes: ROUTES,
    });
    const early = [server.json("/read"), server.json("/guarded")];
    await arrived.promise;
    source.give({ beta: true });
    assert.deepEqual(await Promise.all(early), [READY, { passed: true }]);
    assert.deepEqual(await server.json("/read"), READY);
  });

  check("after startTimeout the callers' defaults serve, until definitions come", async (bench) => {
    const source = new SlowSource();
    const flags = bench.flags({}, { sources: [source], startTimeout: 10 });
    const server = await bench.start({ flags, routes: ROUTES });
    assert.deepEqual(await server.json("/read"), NOT_READY);
    assert.equal((await server.send("/guarded")).status, 503);
    assert.equal(flags.health().status, "unhealthy");
    assert.match(flags.health().provider.last_error ?? "", /10 ms/);
    source.give({ beta: true });
    await until("the instance is healthy", () => flags.health().status === "healthy");
    assert.deepEqual(await server.json("/read"), READY);
    assert.deepEqual(await server.json("/guarded"), { passed: true });
  });

  check("a source that fails at start holds nobody up", async (bench) => {
    const source = new SlowSource();
    const flags = bench.flags({}, { sources: [source], startTimeout: 60_000 });
    const server = await bench.start({ flags, routes: ROUTES });
    source.fail(new Error("refused"));
    assert.deepEqual(await server.json("/read"), NOT_READY);
    await assert.rejects(flags.ready(), /refused/);
    assert.equal(bench.logs.filter((line) => line.startsWith("error: ")).length, 1);
    source.give({ beta: true });
    await until("the instance is healthy", () => flags.health().status === "healthy");
    assert.deepEqual(await server.json("/read"), READY);
  });

  check("a server whose instance is closed goes on from the last snapshot", async (bench) => {
    const source = new SlowSource();
    const flags = bench.flags({}, { sources: [source] });
    const server = await bench.start({ flags, routes: ROUTES });
    source.give({ beta: true });
    assert.deepEqual(await server.json("/read"), READY);
    assert.equal(source.watching, true);
    const closing = flags.close();
    assert.equal(flags.close(), closing);
    await closing;
    assert.equal(source.watching, false);
    source.give({ beta: false });
    assert.deepEqual(await server.json("/read"), READY);
  });

  check("closing lets requests go that wait for a source", async (bench) => {
    const arrived = deferred();
    const flags = bench.flags({}, { sources: [new SlowSource()], startTimeout: 60_000 });
    const server = await bench.start({
      flags,
      authentication: { at: "before", user: () => arrived.resolve() },
      routes: ROUTES,
    });
    const waiting = server.json("/read");
    await arrived.promise;
    await flags.close();
    assert.deepEqual(await waiting, NOT_READY);
  });
}
