import {
  byVariant,
  createFlags,
  defineFlags,
  type FlagClient,
  flags,
  requireFeature,
} from "@halyard/fastify";
import Fastify from "fastify";

const definitions = defineFlags({
  "new-checkout": false,
  layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w" },
  limit: { type: "integer", default: 5 },
});

declare module "@halyard/fastify" {
  interface Register {
    flags: typeof definitions;
  }
}

const app = Fastify();
const f = createFlags({ sources: [definitions] });
app.register(flags, f);
app.register(flags, {
  sources: [definitions],
  context: (request) => ({ plan: request.headers["x-plan"] }),
});

export const definitionsOf: unknown = app.flags.definitions;

app.get("/", { preHandler: requireFeature("new-checkout") }, async (request) => {
  const client: FlagClient = request.flags;
  const on: boolean = request.flags.enabled("new-checkout");
  const layout: string | undefined = request.flags.value("layout");
  const limit: number = client.value("limit", 10);

  // @ts-expect-error there is no such flag
  request.flags.enabled("new-chekcout");
  // @ts-expect-error nor such a value
  client.value("limit", "ten");
  // @ts-expect-error it is no boolean
  request.flags.enabled("layout");
  // @ts-expect-error it is no string
  const wrong: string = request.flags.value("limit", 1);
  // @ts-expect-error it is there to be read
  request.flags = client;
  return { on, layout, limit, wrong };
});

app.get("/config", { config: { flags: { require: "new-checkout", status: 403 } } }, async () => "");
app.get("/page", byVariant("layout", { wide: async () => "w" }));

// @ts-expect-error a route's config knows the keys too
app.get("/wrong", { config: { flags: { require: "new-chekcout" } } }, async () => "");
// @ts-expect-error guards do
requireFeature("new-chekcout");
// @ts-expect-error in lists as well
requireFeature({ all: ["new-checkout", "beta"] });
// @ts-expect-error and choices do
byVariant("layuot", {});
// @ts-expect-error options are known by name
app.register(flags, { sauces: [] });

// What an instance is made of knows the framework's requests too.
createFlags({ context: (request) => ({ plan: request.headers["x-plan"] }) });
// @ts-expect-error they have no such property
createFlags({ context: (request) => ({ plan: request.plam }) });
// Documents may be written as files have them.
createFlags({ sources: [{ feature_flags: [{ name: "a" }] }, { $schema: "x", flags: {} }] });
// @ts-expect-error and no other way
createFlags({ sources: [{ falgs: {} }] });
