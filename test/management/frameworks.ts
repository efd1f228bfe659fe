import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mount as mountExpress } from "@halyard/express";
import { mount as mountFastify } from "@halyard/fastify";
import { mount as mountKoa } from "@halyard/koa";
import type { ManagementApi } from "@halyard/server";
import express from "express";
import express4 from "express4";
import Fastify from "fastify";
import Koa, { type Middleware } from "koa";

export const PREFIX = "/admin/flags";

interface Running {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** How one framework serves the API below {@link PREFIX}, with or without a body parser before it. */
export interface Framework {
  readonly name: string;
  readonly start: (api: ManagementApi, bodyParser: boolean) => Promise<Running>;
}

/** What an application answers to errors that nobody expected. */
const FAILED = JSON.stringify({ failed: true });

async function listening(server: Server): Promise<Running> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function expressApp(make: typeof express): Framework["start"] {
  return (api, bodyParser) => {
    const app = make();
    if (bodyParser) app.use(make.json({ limit: "20mb", type: ["application/json", "+json"] }));
    app.use(PREFIX, mountExpress(api));
    const fail: express.ErrorRequestHandler = (error, _request, response, _next) =>
      void response.status(error.status ?? 500).send(FAILED);
    app.use(fail);
    return listening(createServer(app));
  };
}

/** What the usual body parsers do, for JSON. */
const koaParser: Middleware = async (context, next) => {
  if (context.is("json", "+json")) {
    const chunks: Buffer[] = [];
    for await (const chunk of context.req) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    if (text !== "") Object.assign(context.request, { body: JSON.parse(text) });
  }
  await next();
};

export const frameworks: readonly Framework[] = [
  { name: "Express 5", start: expressApp(express) },
  { name: "Express 4", start: expressApp(express4 as unknown as typeof express) },
  {
    name: "Koa 3",
    start: (api, bodyParser) => {
      const app = new Koa();
      app.silent = true;
      app.use(async (context, next) => {
        try {
          await next();
        } catch {
          context.status = 500;
          context.body = FAILED;
        }
      });
      if (bodyParser) app.use(koaParser);
      app.use(mountKoa(PREFIX, api));
      return listening(createServer(app.callback()));
    },
  },
  {
    name: "Fastify 5",
    start: async (api, bodyParser) => {
      const app = Fastify({ bodyLimit: 20_000_000 });
      app.setErrorHandler((_error, _request, reply) => reply.code(500).send(FAILED));
      if (bodyParser) {
        app.addContentTypeParser(
          "application/merge-patch+json",
          { parseAs: "string" },
          (_r, b, done) => done(null, JSON.parse(String(b))),
        );
      }
      app.register(mountFastify(api), { prefix: PREFIX });
      await app.listen({ port: 0, host: "127.0.0.1" });
      return {
        port: (app.server.address() as AddressInfo).port,
        close: async () => {
          app.server.closeAllConnections();
          await app.close();
        },
      };
    },
  },
];
