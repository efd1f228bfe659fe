import {
  byVariant,
  createFlags,
  defineFlags,
  fileSource,
  flags,
  healthEndpoint,
  mount,
  requireFeature,
} from "@halyard/fastify";
import fastify, { type RouteHandlerMethod } from "fastify";
import { userOf } from "./shared/user-of.cjs";

const definitions = defineFlags({
  greeting: true,
  beta: { conditions: { groups: ["beta_testers"] } },
  checkout: { variants: { classic: "three-pages", wizard: "step-by-step" } },
  limit: { type: "integer", default: 5 },
});

declare module "@halyard/fastify" {
  interface Register {
    flags: typeof definitions;
  }
}

interface Server {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

export async function start(file: string): Promise<Server> {
  const f = createFlags({ sources: [fileSource({ paths: file, debounce: 20 }), definitions] });
  const app = fastify({ forceCloseConnections: true });
  app.decorateRequest("user", null);
  app.addHook("onRequest", async (request) => {
    Object.assign(request, { user: userOf(request.headers) });
  });
  app.register(flags, f);
  app.register(mount(healthEndpoint(f)), { prefix: "/health" });
  app.register(async (routes) => {
    routes.get("/", async (request) => ({ greeting: request.flags.enabled("greeting") }));
    routes.get("/beta", { preHandler: requireFeature("beta") }, async () => ({ page: "beta" }));
    const wizard: RouteHandlerMethod = async () => ({ checkout: "wizard" });
    const other: RouteHandlerMethod = async (request) => ({
      checkout: request.flags.value("checkout"),
    });
    routes.get("/checkout", byVariant("checkout", { wizard }, other));
    routes.get("/config", { config: { flags: { require: "beta" } } }, async () => "");
    // @ts-expect-error: a route's config knows the flags
    routes.get("/wrong", { config: { flags: { require: "betta" } } }, async () => "");
  });
  return {
    origin: await app.listen({ port: 0, host: "127.0.0.1" }),
    close: async () => {
      await app.close();
      await f.close();
    },
  };
}

export const typed: RouteHandlerMethod = async ({ flags: client }) => {
  const on: boolean = client.enabled("greeting");
  const limit: number = client.value("limit", 10);
  const checkout: "three-pages" | "step-by-step" = client.value("checkout", "three-pages");
  // @ts-expect-error: there is no such flag
  client.enabled("greting");
  // @ts-expect-error: not a value of this flag
  client.value("checkout", "two-pages");
  // @ts-expect-error: of another type
  client.value("limit", "ten");
  // @ts-expect-error: its value is no string
  const text: string = client.value("limit", 10);
  return { on, limit, checkout, text };
};

/** Options and handlers may be given as undefined, by those whose TypeScript tells it apart. */
export function optional(name: string | undefined): void {
  fastify().register(flags, { sources: [definitions], environment: name });
  requireFeature("beta", { message: name, status: undefined });
  // @ts-expect-error: guards know the flags
  requireFeature("betta");
  // @ts-expect-error: and choices do
  byVariant("chekcout", {});
}
