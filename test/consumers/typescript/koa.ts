import {
  byVariant,
  createFlags,
  defineFlags,
  fileSource,
  flags,
  healthEndpoint,
  mount,
  requireFeature,
} from "@halyard/koa";
import Router from "@koa/router";
import Koa from "koa";
import { userOf } from "./shared/user-of.cjs";

const definitions = defineFlags({
  greeting: true,
  beta: { conditions: { groups: ["beta_testers"] } },
  checkout: { variants: { classic: "three-pages", wizard: "step-by-step" } },
  limit: { type: "integer", default: 5 },
});

declare module "@halyard/koa" {
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
  const wizard: Koa.Middleware = (ctx) => {
    ctx.body = { checkout: "wizard" };
  };
  const other: Koa.Middleware = (ctx) => {
    ctx.body = { checkout: ctx.flags.value("checkout") };
  };
  router.get("/checkout", byVariant("checkout", { wizard }, other));
  app.use(router.routes());
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return {
    origin: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await f.close();
    },
  };
}

export const typed: Koa.Middleware = (ctx) => {
  const { flags: client } = ctx;
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
  ctx.body = { on, limit, checkout, text };
};

/** Options and handlers may be given as undefined, by those whose TypeScript tells it apart. */
export function optional(name: string | undefined): void {
  flags({ sources: [definitions], environment: name, context: ({ ip }) => ({ ip }) });
  requireFeature("beta", { message: name, status: undefined });
  // @ts-expect-error: guards know the flags
  requireFeature("betta");
  // @ts-expect-error: and choices do
  byVariant("chekcout", {});
}
