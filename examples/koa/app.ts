import { byVariant, type Flags, flags, healthEndpoint, mount, requireFeature } from "@halyard/koa";
import Router from "@koa/router";
import Koa, { type Middleware } from "koa";
import { pretendUser } from "../shared/pretend-user.ts";

export function createApp(f: Flags): Koa {
  const app = new Koa();

  // Put your authentication here. This one believes the address.
  app.use((ctx, next) => {
    ctx.state.user = pretendUser(ctx.query);
    return next();
  });
  // From here on `ctx.flags` has the caller's flags.
  app.use(flags(f));
  app.use(mount("/flags/health", healthEndpoint(f)));

  const router = new Router();

  router.get("/", (ctx) => {
    ctx.body = ctx.flags.all();
  });

  router.get("/dashboard", (ctx) => {
    ctx.body = { dashboard: ctx.flags.enabled("new-dashboard") ? "new" : "classic" };
  });

  router.get(
    "/checkout",
    byVariant("checkout", {
      classic: checkout("classic"),
      "one-page": checkout("one-page"),
      wizard: checkout("wizard"),
    }),
  );

  router.get("/beta", requireFeature("beta"), (ctx) => {
    ctx.body = { page: "beta" };
  });

  const premium = { status: 403, message: "This needs the plan pro or enterprise." };
  router.get("/premium", requireFeature("premium", premium), (ctx) => {
    ctx.body = { page: "premium" };
  });

  router.get("/new-ui", requireFeature("new-ui", { redirect: "/old-ui" }), (ctx) => {
    ctx.body = { page: "new-ui" };
  });

  router.get("/old-ui", (ctx) => {
    ctx.body = { page: "old-ui" };
  });

  // For a person who asks why. Put it behind your own access checks.
  router.get("/explain/:key", (ctx) => {
    ctx.body = ctx.flags.explain(ctx.params.key ?? "");
  });

  app.use(router.routes());
  return app;
}

function checkout(page: string): Middleware {
  return (ctx) => {
    // What an experiment counts. The hook `onTrack` gets it.
    ctx.flags.track("checkout-opened", { page });
    ctx.body = { checkout: page };
  };
}
