import { createServer } from "node:http";
import { flags, healthEndpoint, mount, requireFeature } from "@halyard/koa";
import Router from "@koa/router";
import Koa from "koa";
import { closeServer, echo, listen, type StartApp, slowStateOf, stateOf, userOf } from "./app.ts";

/** Koa prints what becomes of requests that break off; everything else is to be seen. */
const isClients = (code: string): boolean =>
  code.startsWith("HPE_") || code === "ECONNRESET" || code === "EPIPE";

export const startKoa: StartApp = async (f) => {
  const app = new Koa();
  app.on("error", (error: Error & { readonly code?: unknown }) => {
    if (!isClients(String(error.code))) console.error(error);
  });
  app.use((context, next) => {
    context.state.user = userOf(context.headers);
    return next();
  });
  app.use(flags(f));
  const router = new Router();
  router.get("/state", (context) => {
    context.body = stateOf(context.flags);
  });
  router.get("/slow", async (context) => {
    context.body = await slowStateOf(context.flags);
  });
  router.get("/guarded", requireFeature("pro"), (context) => {
    context.body = stateOf(context.flags);
  });
  app.use(mount("/health", healthEndpoint(f)));
  app.use(mount("/echo", echo));
  app.use(router.routes());
  const server = createServer(app.callback());
  await listen(server);
  return { server, close: () => closeServer(server) };
};
