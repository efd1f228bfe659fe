import { HalyardError } from "@halyard/core";
import { missingPackage, secretsOf } from "../shared/options.ts";
import { withDeadline } from "../shared/waiting.ts";
import type { SqlRow } from "../sql/rows.ts";

/** What is used of a pool of `pg`. */
export interface PostgresPool {
  query(sql: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  connect(): Promise<PostgresClient>;
  on(event: "error" | "connect", listener: (value: unknown) => void): unknown;
  end(): Promise<void>;
}

/** What is used of a client of a pool of `pg`. */
export interface PostgresClient {
  query(sql: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  on(event: string, listener: (value: unknown) => void): unknown;
  removeListener(event: string, listener: (value: unknown) => void): unknown;
  /** With an error or `true`, the connection is closed and not used again. */
  release(destroy?: Error | boolean): void;
  /** Keeps the connection from keeping the process alive. */
  unref?(): void;
}

/** Whatever runs one statement. */
export type Queryable = Pick<PostgresPool, "query">;

/** Milliseconds. */
const CONNECT_TIMEOUT = 5000;
const QUERY_TIMEOUT = 10_000;
const KEEP_ALIVE_AFTER = 10_000;

/** The connections of a store: one listens, one writes, the rest read. */
const CONNECTIONS = 5;

/** Imports `pg` and makes a pool that connects when it is used. */
export async function openPool(url: string): Promise<PostgresPool> {
  const { Pool } = await importPg();
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    application_name: "halyard",
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: QUERY_TIMEOUT,
    allowExitOnIdle: true,
  });
  // A connection that breaks while nobody uses it is replaced when one is needed. Unheard, its
  // error ends the process; also that of one which is being closed.
  pool.on("error", () => {});
  pool.on("connect", (client) => void (client as PostgresClient).on("error", () => {}));
  return pool;
}

interface Pg {
  readonly Pool: new (options: Readonly<Record<string, unknown>>) => PostgresPool;
}

async function importPg(): Promise<Pg> {
  try {
    const module = (await import("pg")) as unknown as Pg & { readonly default?: Pg };
    return module.default ?? module;
  } catch (cause) {
    throw missingPackage("pg", "^8.11.0", cause);
  }
}

/** The passwords in the URL of a database. Throws `INVALID_OPTIONS` for another URL. */
export function checkUrl(url: string): readonly string[] {
  return secretsOf("postgresStore", url, /^postgres(ql)?:$/);
}

/** The statement with `$1`, `$2`, … for its `?`, which it has for nothing else. */
export function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll("?", () => `$${++count}`);
}

export async function rowsOf(
  on: Queryable,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly SqlRow[]> {
  const { rows } = await on.query(sql, [...values]);
  return rows as readonly SqlRow[];
}

/**
 * Runs with a connection of its own, which is closed when it may be in an unknown state, and after
 * so many milliseconds: nothing can be done with it later.
 */
export async function withClient<T>(
  pool: PostgresPool,
  milliseconds: number,
  work: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  const end = performance.now() + milliseconds;
  const client = await connectWithin(pool, milliseconds);
  // Also told to whoever waits for an answer; unheard, it ends the process.
  const ignore = (): void => {};
  client.on("error", ignore);
  let broken: boolean | Error = true;
  try {
    const result = await withDeadline(work(client), end - performance.now(), noAnswer);
    broken = false;
    return result;
  } catch (error) {
    broken = !(await rollBack(client, error));
    throw error;
  } finally {
    client.removeListener("error", ignore);
    client.release(broken);
  }
}

/** A pool that was given may wait for a connection without end. */
async function connectWithin(pool: PostgresPool, milliseconds: number): Promise<PostgresClient> {
  const connecting = pool.connect();
  try {
    return await withDeadline(connecting, milliseconds, noAnswer);
  } catch (error) {
    connecting.then(
      (client) => client.release(),
      () => {},
    );
    throw error;
  }
}

function noAnswer(): Error {
  return Object.assign(new Error("the server does not answer"), { code: "ETIMEDOUT" });
}

/** Ends the transaction that an error left; whether the connection can be used on. */
async function rollBack(client: PostgresClient, error: unknown): Promise<boolean> {
  if (isConnectionLost(error)) return false;
  try {
    await client.query("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : "";
}

/** Whether the connection broke, so that the answer did not arrive. */
export function isConnectionLost(error: unknown): boolean {
  // What is said of a driver's error repeats its words.
  if (error instanceof HalyardError) return false;
  const { message = "" } = (error ?? {}) as { readonly message?: string };
  return (
    /^(ECONNRESET|EPIPE|ETIMEDOUT|08...|57P0[123])$/.test(codeOf(error)) ||
    /connection terminated|query read timeout|not queryable/i.test(message)
  );
}

/** Whether PostgreSQL undid the transaction for the sake of another one. */
export function isUndone(error: unknown): boolean {
  return /^(40001|40P01)$/.test(codeOf(error));
}

export function isMissingTable(error: unknown): boolean {
  return codeOf(error) === "42P01";
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^(28P01|28000)$/, "Check the user and the password."],
  [/^3D000$/, "Create the database, or check its name."],
  [
    /^42501$/,
    "Grant the role what it needs; for tables that are to be made, run `npx halyard-migrate` as one that may make them.",
  ],
  [/^42P01$/, "The tables are gone. Restore them, or start the process anew to make new ones."],
  [/^(25006|57P03)$/, "Use the URL of a primary server that is up."],
  [
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENOENT)$/,
    "Check that the server is up and that its address is right.",
  ],
  [/^(55P03|57014)$/, "Another connection holds a lock for long: look for it in pg_stat_activity."],
  [/^5[34]/, "The server is short of something: see its log."],
];

export function adviceOn(cause: unknown): string {
  const code = codeOf(cause instanceof AggregateError ? cause.errors[0] : cause);
  return ADVICE.find(([codes]) => codes.test(code))?.[1] ?? "See `cause`.";
}
