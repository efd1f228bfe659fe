import { missingPackage, secretsOf } from "../shared/options.ts";
import { withDeadline } from "../shared/waiting.ts";
import type { Script } from "./scripts.ts";

/** What is used of a client, or a cluster, of `redis`. */
export interface RedisClient {
  evalSha(sha: string, options: ScriptOptions): Promise<unknown>;
  eval(script: string, options: ScriptOptions): Promise<unknown>;
  duplicate(): RedisClient;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  on(event: string, listener: (value: unknown) => void): unknown;
  destroy(): void;
}

interface ScriptOptions {
  readonly keys: string[];
  readonly arguments: string[];
}

/** A client that was made here. */
interface OwnClient extends RedisClient {
  unref(): void;
  ping(): Promise<unknown>;
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 5000;
const COMMAND_TIMEOUT = 5000;
const KEEP_ALIVE_AFTER = 10_000;

interface Redis {
  readonly createClient: (options: Readonly<Record<string, unknown>>) => OwnClient;
}

async function importRedis(): Promise<Redis> {
  try {
    const module = (await import("redis")) as unknown as Redis & { readonly default?: Redis };
    return module.createClient === undefined ? (module.default as Redis) : module;
  } catch (cause) {
    throw missingPackage("redis", "^6.0.0", cause);
  }
}

/**
 * Connects to a server, once: whoever uses a client that has broken makes another one, so that
 * nothing waits in a queue for a server to come back, or keeps the process alive for it. `broken`
 * is called at most once.
 */
export async function connectTo(url: string, broken: (error: unknown) => void): Promise<OwnClient> {
  const { createClient } = await importRedis();
  const client = createClient({
    url,
    name: "halyard",
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_TIMEOUT,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_AFTER,
      reconnectStrategy: false,
    },
  });
  client.unref();
  return connected(client, broken);
}

/** Connects a client, and destroys it when it breaks. */
export async function connected<T extends RedisClient>(
  client: T,
  broken: (error: unknown) => void,
): Promise<T> {
  let isBroken = false;
  const fail = (error: unknown): void => {
    if (isBroken) return;
    isBroken = true;
    destroy(client);
    broken(error);
  };
  client.on("error", fail);
  client.on("end", () => fail(new Error("The connection was closed.")));
  const late = (): Error => new Error("The server does not answer.");
  try {
    await withDeadline(client.connect(), CONNECT_TIMEOUT, late);
    return client;
  } catch (error) {
    isBroken = true;
    destroy(client);
    throw error;
  }
}

export function destroy(client: RedisClient): void {
  try {
    client.destroy();
  } catch {
    // It is closed already.
  }
}

/** The passwords in the URL of a server. Throws `INVALID_OPTIONS` for another URL. */
export function checkUrl(what: string, url: string): readonly string[] {
  return secretsOf(what, url, /^rediss?:$/);
}

/** Runs a script, which the server knows after the first time. */
export async function run(
  client: RedisClient,
  { text, sha }: Script,
  keys: string[],
  values: string[],
): Promise<readonly unknown[]> {
  const options = { keys, arguments: values };
  const answer = client.evalSha(sha, options).catch((error: unknown) => {
    if (!/^NOSCRIPT/.test(messageOf(error))) throw error;
    return client.eval(text, options);
  });
  const late = (): Error => new NoAnswer("The server does not answer.");
  const given = await withDeadline(answer, COMMAND_TIMEOUT, late);
  return Array.isArray(given) ? given : [given];
}

/** A command was sent, and nothing is known of what became of it. */
export class NoAnswer extends Error {}

function messageOf(error: unknown): string {
  return (error as Error | undefined)?.message ?? "";
}

/** Whether the server said no, so that nothing was done. */
export function isRefusal(error: unknown): boolean {
  return /^[A-Z]+ /.test(messageOf(error));
}

/** Whether a command could not be sent at all. */
export function isUnsent(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const kind = error instanceof Error ? error.constructor.name : "";
  return (
    /ClientOfflineError|ClientClosedError|ConnectionTimeoutError/.test(kind) ||
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/.test(String(code))
  );
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^(WRONGPASS|NOAUTH)/, "Check the user and the password."],
  [/^NOPERM/, "Let the user run scripts, read and write the keys of the prefix, and subscribe."],
  [/^(OOM|MISCONF)/, "The server takes no writes: see its memory and its disk."],
  [/^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN)/, "Use the address of a primary server that is up."],
  [/^(CROSSSLOT|MOVED|ASK)/, "This is a cluster: pass a `client` made by `createCluster`."],
  [
    /ECONN|ENOTFOUND|EAI_AGAIN|closed|offline|answer|timeout/i,
    "Check that the server is up and that its address is right.",
  ],
];

export function adviceOn(cause: unknown): string {
  const error = cause instanceof AggregateError ? cause.errors[0] : cause;
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: string };
  const said = [messageOf(error), String(code ?? ""), name ?? ""];
  const found = ADVICE.find(([pattern]) => said.some((text) => pattern.test(text)));
  return found?.[1] ?? "See `cause`.";
}
