import { flags, healthEndpoint, mount, requireFeature } from "@halyard/fastify";
import fastify from "fastify";
import { echo, type StartApp, slowStateOf, stateOf, userOf, withoutLimits } from "./app.ts";

export const startFastify: StartApp = async (f) => {
  const app = fastify({ forceCloseConnections: true });
  app.decorateRequest("user", null);
  app.addHook("onRequest", async (request) => {
    Object.assign(request, { user: userOf(request.headers) });
  });
  app.register(flags, f);
  app.register(mount(healthEndpoint(f)), { prefix: "/health" });
  app.register(mount(echo), { prefix: "/echo" });
  app.register(async (routes) => {
    routes.get("/state", async (request) => stateOf(request.flags));
    routes.get("/slow", async (request) => slowStateOf(request.flags));
    routes.get("/guarded", { preHandler: requireFeature("pro") }, async (request) =>
      stateOf(request.flags),
    );
  });
  withoutLimits(app.server);
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { server: app.server, close: () => app.close() };
};
