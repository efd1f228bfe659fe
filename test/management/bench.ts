import {
  type Authorize,
  createFlags,
  type Flags,
  type FlagsOptions,
  type ManagementApi,
  type ManagementOptions,
  MemoryStore,
  managementApi,
  type Store,
} from "@halyard/server";
import { afterEach } from "vitest";
import { AnswerCheck, type Document } from "./answers.ts";
import { Client } from "./client.ts";
import { type Framework, frameworks } from "./frameworks.ts";

/** Who may do what in the tests: by the header that stands for their authentication. */
export const authorize: Authorize = (request, { action, resource }) => {
  const { headers } = request as { readonly headers: Readonly<Record<string, string | undefined>> };
  const user = headers["x-user"];
  if (user === undefined) return undefined;
  const actor = { id: user, type: "person" };
  if (user === "viewer") return action === "view" && actor;
  if (user === "editor") return action !== "kill" && action !== "issue" && actor;
  // May do everything to one flag, and nothing else.
  if (user === "owner") return resource.key === "owned" && actor;
  return actor;
};

export interface Bench {
  readonly f: Flags;
  readonly api: ManagementApi;
  readonly client: Client;
  readonly check: AnswerCheck;
  readonly logs: string[];
}

export interface BenchOptions {
  readonly framework?: Framework;
  readonly bodyParser?: boolean;
  readonly store?: Store | null;
  readonly flags?: FlagsOptions;
  readonly management?: Partial<ManagementOptions>;
}

const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A server with the API over a store; ended after the test. */
export async function bench(options: BenchOptions = {}): Promise<Bench> {
  const { framework = frameworks[0] as Framework, bodyParser = false } = options;
  const { store = new MemoryStore() } = options;
  const logs: string[] = [];
  const log = (level: string) => (message: string) => void logs.push(`${level}: ${message}`);
  const f = createFlags({
    sources: [{ flags: { fixed: true }, segments: { known: { attribute: "a", op: "exists" } } }],
    environment: "production",
    usage: true,
    overrideTokens: {
      application: "shop",
      keys: [{ kid: "k1", secret: "0123456789abcdef0123456789abcdef" }],
    },
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    ...(store === null ? {} : { store }),
    ...options.flags,
  });
  const api = managementApi(f, { authorize, ...options.management });
  const running = await framework.start(api, bodyParser);
  endings.push(
    () => f.close(),
    () => running.close(),
  );
  const client = new Client(running.port);
  await f.ready().catch(() => undefined);
  const { body } = await client.get("/openapi.json");
  const check = new AnswerCheck(body as Document);
  client.check = check;
  return { f, api, client, check, logs };
}
