import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import express4 from "express4";
import Fastify from "fastify";
import Koa from "koa";
import { describe, expect, it } from "vitest";
import * as onExpress from "../../packages/express/src/index.ts";
import * as onFastify from "../../packages/fastify/src/index.ts";
import * as onKoa from "../../packages/koa/src/index.ts";
import {
  createFlags,
  type DefinitionSource,
  type FlagClient,
  type Flags,
  type FlagsOptions,
  type JsonValue,
} from "../../packages/server/src/index.ts";
import { regexEngine } from "../property/harness.ts";
import { type Case, conformanceCases, type Group } from "./cases.ts";
import { comparedOf, expectedOf, readCase } from "./read-case.ts";

/** Answers a request with what `read` gives for the request's client and query. */
type Read = (client: FlagClient, index: number) => object;

/** Starts a server of a framework, with our middleware before its one route. */
type Start = (instance: Flags, read: Read) => Promise<{ url: string; close: () => void }>;

const frameworks: Readonly<Record<string, Start>> = {
  "Express 5": async (instance, read) =>
    listen(createServer(expressApp(express(), instance, read))),
  "Express 4": async (instance, read) =>
    listen(createServer(expressApp(express4() as unknown as express.Express, instance, read))),
  "Koa 3": async (instance, read) => {
    const app = new Koa();
    app.use(onKoa.flags(instance));
    app.use((context) => {
      context.body = read(context.flags, Number(context.query.case));
    });
    return listen(createServer(app.callback()));
  },
  "Fastify 5": async (instance, read) => {
    const app = Fastify();
    await app.register(onFastify.flags, instance);
    app.get("/", async (request) =>
      read(request.flags, Number((request.query as { case: string }).case)),
    );
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, close: () => void app.close() };
  },
};

function expressApp(app: express.Express, instance: Flags, read: Read): express.Express {
  app.use(onExpress.flags(instance));
  app.get("/", (request, response) => {
    response.json(read(request.flags, Number(request.query.case)));
  });
  return app;
}

async function listen(server: Server): Promise<{ url: string; close: () => void }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

for (const [name, start] of Object.entries(frameworks)) {
  describe(name, () => {
    for (const { topic, groups } of conformanceCases()) {
      for (const group of groups.filter(isForServers)) {
        it(`${topic}: ${group.description}`, () => runGroup(group, group.cases ?? [], start));
      }
    }
  });
}

/** Groups about what applications can't say: states of a source, and overrides of later layers. */
function isForServers({ problems, stale, overrides = [], cases = [] }: Group): boolean {
  const ours = overrides.every(({ layer, value, expiresAt }) => {
    return layer !== "system" && value !== undefined && expiresAt === undefined;
  });
  return problems === undefined && stale !== true && ours && cases.length > 0;
}

async function runGroup(group: Group, cases: readonly Case[], start: Start): Promise<void> {
  let current = 0;
  const instance = createFlags(optionsOf(group, () => cases[current]?.context ?? {}));
  for (const { flag, value } of killsOf(group)) {
    const actor = { id: "cases", type: "test" };
    await instance.overrides.kill(flag, { actor, reason: "a case", value: value as JsonValue });
  }
  const { url, close } = await start(instance, (client, index) =>
    readCase(client, cases[index] as Case),
  );
  try {
    for (const [index, each] of cases.entries()) {
      current = index;
      const answer = (await (await fetch(`${url}/?case=${index}`)).json()) as object;
      const wanted = expectedOf(each);
      expect(comparedOf(answer, wanted), `${each.flag}, case ${index}`).toEqual(wanted);
    }
  } finally {
    close();
    await instance.close();
  }
}

// Some cases are about definitions that get a warning.
const SILENT: FlagsOptions["logger"] = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};

function killsOf({ overrides = [] }: Group) {
  return overrides.filter(({ layer }) => layer === "emergency");
}

function optionsOf(group: Group, context: () => object): FlagsOptions {
  const { document, section, delimiter, environment = "", now = "2026-01-01" } = group;
  const documents = [{ name: "cases", document: structuredClone(document), section, delimiter }];
  const source: DefinitionSource = {
    name: "cases",
    readSync: () => documents,
    read: async () => documents,
  };
  const local = (group.overrides ?? []).filter(({ layer }) => layer === "local");
  return {
    sources: [source],
    environment,
    regexEngine,
    clock: () => Date.parse(now),
    defaultEnabled: group.defaultEnabled,
    overrides: Object.fromEntries(local.map(({ flag, value }) => [flag, value as JsonValue])),
    logger: SILENT,
    deriveContext: false,
    context: context as () => Record<string, unknown>,
  };
}
