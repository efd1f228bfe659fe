import {
  byVariant,
  type Flags,
  flags,
  healthEndpoint,
  mount,
  requireFeature,
} from "@halyard/fastify";
import fastify, { type FastifyInstance, type RouteHandlerMethod } from "fastify";
import { pretendUser } from "../shared/pretend-user.ts";

export function createApp(f: Flags): FastifyInstance {
  const app = fastify();

  // Put your authentication here. This one believes the address.
  app.decorateRequest("user", null);
  app.addHook("onRequest", async (request) => {
    const query = request.query as Readonly<Record<string, unknown>>;
    Object.assign(request, { user: pretendUser(query) });
  });

  // `request.flags` has the caller's flags.
  app.register(flags, f);
  app.register(mount(healthEndpoint(f)), { prefix: "/flags/health" });
  app.register(async (routes) => addRoutes(routes));
  return app;
}

function addRoutes(app: FastifyInstance): void {
  app.get("/", async (request) => request.flags.all());

  app.get("/dashboard", async (request) => ({
    dashboard: request.flags.enabled("new-dashboard") ? "new" : "classic",
  }));

  app.get(
    "/checkout",
    byVariant("checkout", {
      classic: checkout("classic"),
      "one-page": checkout("one-page"),
      wizard: checkout("wizard"),
    }),
  );

  // A guard in the route's configuration, or as a preHandler: the same.
  app.get("/beta", { config: { flags: { require: "beta" } } }, async () => ({ page: "beta" }));

  const premium = { status: 403, message: "This needs the plan pro or enterprise." };
  app.get("/premium", { preHandler: requireFeature("premium", premium) }, async () => ({
    page: "premium",
  }));

  const newUi = requireFeature("new-ui", { redirect: "/old-ui" });
  app.get("/new-ui", { preHandler: newUi }, async () => ({ page: "new-ui" }));

  app.get("/old-ui", async () => ({ page: "old-ui" }));

  // For a person who asks why. Put it behind your own access checks.
  app.get<{ Params: { key: string } }>("/explain/:key", async (request) =>
    request.flags.explain(request.params.key),
  );
}

function checkout(page: string): RouteHandlerMethod {
  return async (request) => {
    // What an experiment counts. The hook `onTrack` gets it.
    request.flags.track("checkout-opened", { page });
    return { checkout: page };
  };
}
