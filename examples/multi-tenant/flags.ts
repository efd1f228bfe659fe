// What an admin page would do, from the command line: a third process on the same store.
import { parseArgs } from "node:util";
import { createFlags, HalyardError, type Scope } from "@halyard/express";
import { definitions } from "./definitions.ts";
import { openStore } from "./store.ts";

const USAGE = `npm run flags -- rollout <tenant>…             new-billing for these tenants
npm run flags -- user <user> <rows> [minutes]  another export limit for a user, for a while
npm run flags -- join <user>                   a user joins the group of pilots
npm run flags -- kill                          new-billing off for everybody, at once
npm run flags -- restore                       and back
npm run flags -- audit                         who did what`;

const { positionals } = parseArgs({ allowPositionals: true });
const [command, ...rest] = positionals;
const f = createFlags({ sources: [definitions], store: openStore() });
const by = { actor: { id: process.env.USER ?? "you", type: "person" }, reason: "trying it out" };

async function run(): Promise<unknown> {
  switch (command) {
    case "rollout":
      await f.overrides.rolloutToTenants("new-billing", rest, by);
      return `new-billing is on for ${rest.join(", ")}`;
    case "user": {
      const [id = "", rows, minutes] = rest;
      const scope: Scope = { kind: "user", id };
      const expiresIn = minutes === undefined ? undefined : Number(minutes) * 60_000;
      await f.overrides.set("export-limit", scope, Number(rows), { ...by, expiresIn });
      return `export-limit is ${rows} for ${id}`;
    }
    case "join":
      await f.groups.add("pilots", rest[0] ?? "", by);
      return `${rest[0]} is a pilot`;
    case "kill":
      await f.overrides.kill("new-billing", by);
      return "new-billing is off for everybody";
    case "restore":
      await f.overrides.restore("new-billing", by);
      return "new-billing is as it was";
    case "audit": {
      const { items } = await f.audit.list({ limit: 10 });
      return items
        .map(({ at, actor, action, what, key, scope }) =>
          [new Date(at).toISOString(), actor.id, action, what, key, scope].join("  "),
        )
        .join("\n");
    }
    default:
      process.exitCode = 1;
      return USAGE;
  }
}

try {
  await f.ready();
  console.log(await run());
} catch (error) {
  if (!(error instanceof HalyardError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await f.close();
}
