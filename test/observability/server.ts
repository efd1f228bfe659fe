import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  metricsEndpoint,
  type PrometheusExporter,
  prometheus,
} from "@halyard/exporters/prometheus";
import {
  createFlags,
  type Flags,
  MemoryStore,
  flags as middleware,
  mount,
  type SubjectContents,
  type SubjectQuery,
} from "@halyard/express";
import express from "express";

/** A store that can't read one of its subjects. */
class FaultyStore extends MemoryStore {
  override async readSubject(query: SubjectQuery): Promise<SubjectContents> {
    if (query.user === "broken") throw new Error("connection reset");
    return super.readSubject(query);
  }
}

export interface RunningServer {
  readonly exporter: PrometheusExporter;
  readonly flags: Flags;
  /** Host and port. */
  readonly target: string;
  /**
   * One request of each kind: known and new callers, a failing read, a subject that can't be read,
   * overrides in the URL.
   */
  readonly drive: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** An application as users have it, with metrics per flag. */
export async function startServer(): Promise<RunningServer> {
  const exporter = prometheus();
  const store = new FaultyStore({
    flags: {
      beta: { conditions: { groups: ["pilots"] } },
      layout: { variants: { wide: "w", narrow: "n" }, default: "w" },
      half: { percentage: 50 },
      gone: { type: "boolean", enabled: false },
    },
  });
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const flags = createFlags({
    store,
    logger: silent,
    metrics: { exporter, perFlag: true },
    analytics: { exporters: [{ name: "nowhere", export: async () => {} }] },
    environment: "staging",
    urlOverrides: {},
  });
  const app = express();
  app.use("/metrics", mount(metricsEndpoint(exporter)));
  app.use((req, _res, next) => {
    Object.assign(req, { user: { id: req.query.user } });
    next();
  });
  app.use(middleware(flags));
  app.get("/", (req, res) => {
    const client = req.flags as unknown as { enabled: (key: string) => boolean } & typeof req.flags;
    for (const key of ["beta", "half", "gone", "missing"]) client.enabled(key);
    client.value("layout" as never);
    res.end();
  });
  const server: Server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const target = `127.0.0.1:${port}`;
  let round = 0;
  const ask = async (user: string): Promise<void> => {
    await (await fetch(`http://${target}/?user=${user}`)).text();
  };
  return {
    exporter,
    flags,
    target,
    drive: async () => {
      round++;
      // One that is heeded, and one that is not.
      const overrides = "ff_half=on&ff_%=1";
      for (const user of ["ann", "broken", `ann&${overrides}`, `new-${round}`]) await ask(user);
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await flags.close();
    },
  };
}

/** Reads of one `drive`. */
export const READS_PER_DRIVE = 20;
