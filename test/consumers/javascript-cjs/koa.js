const {
  byVariant,
  createFlags,
  fileSource,
  flags,
  healthEndpoint,
  mount,
  requireFeature,
} = require("@halyard/koa");
const Router = require("@koa/router");
const Koa = require("koa");
const { userOf } = require("./shared/user-of.cjs");

async function start(file) {
  const f = createFlags({ sources: [fileSource({ paths: file, debounce: 20 })] });
  const app = new Koa();
  const router = new Router();
  app.use(async (ctx, next) => {
    ctx.state.user = userOf(ctx.headers);
    await next();
  });
  app.use(flags(f));
  app.use(mount("/health", healthEndpoint(f)));
  router.get("/", (ctx) => {
    ctx.body = { greeting: ctx.flags.enabled("greeting") };
  });
  router.get("/beta", requireFeature("beta"), (ctx) => {
    ctx.body = { page: "beta" };
  });
  const wizard = (ctx) => {
    ctx.body = { checkout: "wizard" };
  };
  const other = (ctx) => {
    ctx.body = { checkout: ctx.flags.value("checkout") };
  };
  router.get("/checkout", byVariant("checkout", { wizard }, other));
  app.use(router.routes());
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await f.close();
    },
  };
}

module.exports = { start };
