import {
  byVariant,
  createFlags,
  defineFlags,
  type FlagClient,
  flags,
  requireFeature,
} from "@halyard/express";
import express from "express";

const definitions = defineFlags({
  "new-checkout": false,
  layout: { type: "string", variants: { wide: "w", narrow: "n" }, default: "w" },
  limit: { type: "integer", default: 5 },
});

declare module "@halyard/express" {
  interface Register {
    flags: typeof definitions;
  }
}

const app = express();
const f = createFlags({ sources: [definitions] });
app.use(flags(f));
app.use(flags({ sources: [definitions], context: (request) => ({ plan: request.get("x-plan") }) }));

export const definitionsOf: unknown = flags(f).instance.definitions;

app.get("/", requireFeature("new-checkout"), (request, response) => {
  const client: FlagClient = request.flags;
  const on: boolean = request.flags.enabled("new-checkout");
  const layout: string | undefined = request.flags.value("layout");
  const limit: number = client.value("limit", 10);
  response.json({ on, layout, limit });

  // @ts-expect-error there is no such flag
  request.flags.enabled("new-chekcout");
  // @ts-expect-error nor such a value
  client.value("limit", "ten");
  // @ts-expect-error it is no boolean
  request.flags.enabled("layout");
  // @ts-expect-error it is no string
  const wrong: string = request.flags.value("limit", 1);
  response.json(wrong);
});

app.get("/any", requireFeature({ any: ["new-checkout"] }));
app.get("/page", byVariant("layout", { wide: (_request, response) => void response.send("w") }));

// @ts-expect-error guards know the keys too
requireFeature("new-chekcout");
// @ts-expect-error in lists as well
requireFeature({ all: ["new-checkout", "beta"] });
// @ts-expect-error and choices do
byVariant("layuot", {});
// @ts-expect-error options are known by name
flags({ sauces: [] });

// What an instance is made of knows the framework's requests too.
createFlags({ context: (request) => ({ plan: request.get("x-plan") }) });
// @ts-expect-error they have no such property
createFlags({ context: (request) => ({ plan: request.plam }) });
// Documents may be written as files have them.
createFlags({ sources: [{ feature_flags: [{ name: "a" }] }, { $schema: "x", flags: {} }] });
// @ts-expect-error and no other way
createFlags({ sources: [{ falgs: {} }] });

const actor = { id: "ann", type: "person" };
void f.overrides.set("limit", { kind: "user", id: "ann" }, 7, { actor, expiresIn: 1000 });
void f.overrides.kill("layout", { actor, reason: "broken", value: "n" });
createFlags({ overrides: { "new-checkout": true } });
// @ts-expect-error there is no such flag
void f.overrides.set("limits", { kind: "user", id: "ann" }, 7, { actor });
// @ts-expect-error it is no text
void f.overrides.set("limit", { kind: "user", id: "ann" }, "seven", { actor });
// @ts-expect-error a tenant is in no org
void f.overrides.set("limit", { kind: "tenant", id: "t", org: "o" }, 7, { actor });
// @ts-expect-error somebody does it
void f.overrides.kill("layout", { reason: "broken" });
// @ts-expect-error only booleans are turned on
void f.overrides.enrol("limit", "ann", { actor });
// @ts-expect-error there is no such flag
createFlags({ overrides: { "new-chekcout": true } });

defineFlags({
  rules: {
    rules: [
      { id: "a", when: [{ attribute: "plan", op: "in", values: ["pro"] }], serve: "on" },
      { when: { not: { segment: "staff" } }, rollout: { weights: { on: 20, off: 80 } } },
    ],
    fallthrough: { serve: "on", percentage: 10 },
    schedule: [{ from: "2027-01-01", percentage: 10 }],
  },
});
// @ts-expect-error an id is a text
defineFlags({ beta: { rules: [{ id: 7, serve: "on" }] } });
// @ts-expect-error a clause's values are a list of scalars
defineFlags({ beta: { rules: [{ when: [{ attribute: "plan", op: "in", values: [{}] }] }] } });
// @ts-expect-error a target names values
defineFlags({ beta: { targets: [{ variant: "on" }] } });
