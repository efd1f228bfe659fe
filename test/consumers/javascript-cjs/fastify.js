const {
  byVariant,
  createFlags,
  fileSource,
  flags,
  healthEndpoint,
  mount,
  requireFeature,
} = require("@halyard/fastify");
const fastify = require("fastify");
const { userOf } = require("./shared/user-of.cjs");

async function start(file) {
  const f = createFlags({ sources: [fileSource({ paths: file, debounce: 20 })] });
  const app = fastify({ forceCloseConnections: true });
  app.decorateRequest("user", null);
  app.addHook("onRequest", async (request) => {
    request.user = userOf(request.headers);
  });
  app.register(flags, f);
  app.register(mount(healthEndpoint(f)), { prefix: "/health" });
  app.register(async (routes) => {
    routes.get("/", async (request) => ({ greeting: request.flags.enabled("greeting") }));
    routes.get("/beta", { preHandler: requireFeature("beta") }, async () => ({ page: "beta" }));
    const wizard = async () => ({ checkout: "wizard" });
    const other = async (request) => ({ checkout: request.flags.value("checkout") });
    routes.get("/checkout", byVariant("checkout", { wizard }, other));
  });
  return {
    origin: await app.listen({ port: 0, host: "127.0.0.1" }),
    close: async () => {
      await app.close();
      await f.close();
    },
  };
}

module.exports = { start };
