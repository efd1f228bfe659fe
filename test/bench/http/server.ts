// One server, with or without Halyard: `<framework> [<reads> | empty]`. `empty` is a middleware that
// only puts something on the request: what any costs, whatever it does.
import type { AddressInfo } from "node:net";
import { flags as expressFlags } from "@halyard/express";
import { flags as fastifyFlags } from "@halyard/fastify";
import { flags as koaFlags } from "@halyard/koa";
import { createFlags, type FlagClient } from "@halyard/server";
import express, { type Request } from "express";
import fastify from "fastify";
import Koa from "koa";
import { definition } from "../read/contestants/halyard.ts";
import { benchFlags, user } from "../read/flags.ts";

const [framework, given] = process.argv.slice(2);
const empty = given === "empty";
const reads = given === undefined || empty ? undefined : Number(given);

const written = benchFlags();
const instance = createFlags({
  sources: [
    { flags: Object.fromEntries(written.map((flag) => [flag.key, definition(flag)])) } as never,
  ],
  environment: "production",
  userAttributes: ["plan", "country", "appVersion"],
});

/**
 * Flags of all kinds, of which only those that split by variants are not boolean. As names of
 * properties they are the engine's own texts, as those that are written out in a handler are.
 */
const KEYS = Object.keys(
  Object.fromEntries(
    written
      .filter(({ split }) => split === undefined)
      .slice(100, 120)
      .map(({ key }) => [key, true]),
  ),
);

/** How many were read, by all requests: a server that reads one reads each kind in its turn. */
let turn = 0;

function answer(flags: FlagClient | undefined): { on: number } {
  // From ten on, so that the answers of all servers are of one length.
  let on = 10;
  if (flags === undefined || reads === undefined) return { on };
  for (let count = 0; count < reads; count++) {
    turn = (turn + 1) % KEYS.length;
    if (flags.enabled(KEYS[turn] as string)) on++;
  }
  return { on };
}

/** Authentication of a sort, in all servers alike, for attributes to come from. */
const SIGNED_IN = { ...user, permissions: ["read"] };

const servers: Readonly<Record<string, () => Promise<number>>> = {
  express: async () => {
    const app = express();
    if (reads !== undefined) app.use(expressFlags(instance));
    if (empty) {
      app.use((request, _response, next) => {
        (request as Request & { something?: unknown }).something = SIGNED_IN;
        next();
      });
    }
    app.use((request, _response, next) => {
      (request as Request & { user?: unknown }).user = SIGNED_IN;
      next();
    });
    app.get("/", (request, response) => {
      response.json(answer(request.flags));
    });
    return new Promise((resolve) => {
      const server = app.listen(0, "127.0.0.1", () =>
        resolve((server.address() as AddressInfo).port),
      );
    });
  },
  koa: async () => {
    const app = new Koa();
    if (reads !== undefined) app.use(koaFlags(instance));
    if (empty) {
      app.use((context, next) => {
        context.something = SIGNED_IN;
        return next();
      });
    }
    app.use((context, next) => {
      context.state.user = SIGNED_IN;
      return next();
    });
    app.use((context) => {
      context.body = answer(context.flags);
    });
    return new Promise((resolve) => {
      const server = app.listen(0, "127.0.0.1", () =>
        resolve((server.address() as AddressInfo).port),
      );
    });
  },
  fastify: async () => {
    const app = fastify();
    if (reads !== undefined) await app.register(fastifyFlags, instance);
    if (empty) {
      app.decorateRequest("something", null);
      app.addHook("onRequest", (request, _reply, done) => {
        (request as { something?: unknown }).something = SIGNED_IN;
        done();
      });
    }
    app.decorateRequest("user", null);
    app.addHook("onRequest", (request, _reply, done) => {
      (request as { user?: unknown }).user = SIGNED_IN;
      done();
    });
    app.get("/", (request, reply) => {
      reply.send(answer(request.flags));
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    return (app.server.address() as AddressInfo).port;
  },
};

const start = servers[framework ?? ""];
if (start === undefined) throw new TypeError(`there is no framework ${framework}`);
const port = await start();

process.on("message", () => process.send?.(process.cpuUsage()));
process.send?.(port);
