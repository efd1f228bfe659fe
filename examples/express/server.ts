import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createFlags } from "@halyard/express";
import { sqliteStore } from "@halyard/stores/sqlite";
import { printAddresses } from "../shared/print-addresses.ts";
import { createApp } from "./app.ts";
import { overrideTokens } from "./override-key.ts";

const own = fileURLToPath(new URL("features.yaml", import.meta.url));
const features = process.env.FEATURE_FILE_PATH ?? relative(process.cwd(), own);
// A file of SQLite beside this one: nothing has to be started for it.
const database = process.env.STORE_PATH ?? fileURLToPath(new URL("flags.db", import.meta.url));

const f = createFlags({
  sources: [features],
  // Where /admin/flags writes.
  store: sqliteStore({ path: database }),
  // Links that show somebody a flag before it is theirs: made at /admin/flags, heeded everywhere.
  overrideTokens: overrideTokens(),
  // What the flags may read of `req.user`, beside its id, name, email, roles and groups.
  userAttributes: ["plan", "country"],
  logger: console,
  hooks: {
    onReload: ({ error }) => {
      if (error) console.error("Mend the file and save it: it is read again at once.");
    },
    onTrack: ({ event, data, client }) => {
      console.log("Tracked", event, data, "of", client.context.userId ?? "a visitor");
    },
  },
});

const server = createApp(f).listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  printAddresses(`http://localhost:${port}`, features, [
    ["/features?user=alice", "what alice's browser may know"],
    ["/page?user=alice", "the same, in a page from the start"],
    ["/admin/flags/flags", "all flags through the management API; see README.md for changing them"],
  ]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    server.close();
    // A browser may hold connections open on which it asks nothing.
    setTimeout(() => server.closeAllConnections(), 1000).unref();
    await f.close();
  });
}
