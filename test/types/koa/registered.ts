import {
  byVariant,
  createFlags,
  defineFlags,
  type FlagClient,
  flags,
  requireFeature,
} from "@halyard/koa";
import Koa from "koa";

const definitions = defineFlags({
  "new-checkout": false,
  layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w" },
  limit: { type: "integer", default: 5 },
});

declare module "@halyard/koa" {
  interface Register {
    flags: typeof definitions;
  }
}

const app = new Koa();
const f = createFlags({ sources: [definitions] });
app.use(flags(f));
app.use(flags({ sources: [definitions], context: (context) => ({ plan: context.get("x-plan") }) }));
app.use(requireFeature("new-checkout"));

export const definitionsOf: unknown = flags(f).instance.definitions;

app.use(async (context) => {
  const client: FlagClient = context.flags;
  const on: boolean = context.flags.enabled("new-checkout");
  const layout: string | undefined = context.flags.value("layout");
  const limit: number = client.value("limit", 10);
  context.body = { on, layout, limit };

  // @ts-expect-error there is no such flag
  context.flags.enabled("new-chekcout");
  // @ts-expect-error nor such a value
  client.value("limit", "ten");
  // @ts-expect-error it is no boolean
  context.flags.enabled("layout");
  // @ts-expect-error it is no string
  const wrong: string = context.flags.value("limit", 1);
  context.body = wrong;
});

app.use(byVariant("layout", { wide: async (context) => void context.set("x-page", "w") }));

// @ts-expect-error guards know the keys too
requireFeature("new-chekcout");
// @ts-expect-error in lists as well
requireFeature({ all: ["new-checkout", "beta"] });
// @ts-expect-error and choices do
byVariant("layuot", {});
// @ts-expect-error options are known by name
flags({ sauces: [] });

// What an instance is made of knows the framework's requests too.
createFlags({ context: (context) => ({ plan: context.get("x-plan") }) });
// @ts-expect-error and what they take
createFlags({ context: (context) => ({ plan: context.get(7) }) });
// Documents may be written as files have them.
createFlags({ sources: [{ feature_flags: [{ name: "a" }] }, { $schema: "x", flags: {} }] });
// @ts-expect-error and no other way
createFlags({ sources: [{ falgs: {} }] });
