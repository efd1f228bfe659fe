// One of several processes on a store: an HTTP server with Express. Ends by itself once it is told
// to, if nothing keeps it.
import { createServer } from "node:http";
import type { Store, SubjectQuery } from "@halyard/core";
import { createFlags, flags, healthEndpoint, managementApi, mount } from "@halyard/express";
import { postgresStore } from "@halyard/stores/postgres";
import { redisStore } from "@halyard/stores/redis";
import { sqliteStore } from "@halyard/stores/sqlite";
import express from "express";
import { closeServer, listen, portOf, userOf } from "../server/app.ts";
import { FLAGS, type Settings, type State } from "./messages.ts";

const { url, pollInterval, startTimeout, lastKnownGood }: Settings = JSON.parse(
  process.argv[2] ?? "{}",
);

function openStore(): Store {
  if (url.startsWith("postgres:")) return postgresStore({ url, pollInterval });
  if (url.startsWith("redis:")) return redisStore({ url, pollInterval });
  return sqliteStore({ path: url.slice("file:".length), pollInterval });
}

const store = openStore();
const readSubject = store.readSubject.bind(store);
const loads = new Map<string | undefined, number>();
Object.assign(store, {
  readSubject: (query: SubjectQuery) => {
    loads.set(query.user, (loads.get(query.user) ?? 0) + 1);
    return readSubject(query);
  },
});

const quiet = () => {};
const f = createFlags({
  store,
  environment: "test",
  startTimeout,
  lastKnownGood,
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
});

/** What was served to one user, each value once: of every flag, in order. */
const served: Record<string, number[]> = {};

const app = express();
app.use((request, _response, next) => {
  Object.assign(request, { user: userOf(request.headers) });
  next();
});
app.use(flags(f));
app.get("/state", ({ flags, headers }, response) => {
  const user = String(headers["x-user"]);
  const [defined, overridden, emergency] = FLAGS.map((flag) => flags.integer(flag, -1));
  const values = { defined, overridden, emergency } as State["values"];
  const state: State = { values, stale: flags.snapshot.stale, loads: loads.get(user) ?? 0 };
  response.json(state);
  if (user !== "u") return;
  for (const flag of FLAGS) {
    served[flag] ??= [];
    if (served[flag].at(-1) !== values[flag]) served[flag].push(values[flag]);
  }
});
app.get("/served", (_request, response) => void response.json(served));
app.use("/health", mount(healthEndpoint(f, { details: true })));
app.use(
  "/admin",
  mount(
    managementApi(f, {
      authorize: ({ headers }) => ({ id: `${headers["x-user"]}`, type: "person" }),
    }),
  ),
);
const server = createServer(app);
await listen(server);

process.on("message", async () => {
  await closeServer(server);
  await f.close();
  // From here on nothing may keep the process.
  process.disconnect();
});
process.send?.(portOf(server));
