import { HalyardError } from "../errors.ts";

/** Environment variables, by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What environment variables say of where flags are; `undefined` where they say nothing. */
export interface StoreVariables {
  /** One of the names that `FEATURE_PROVIDER` may have. */
  readonly provider: string | undefined;
  /** What the tables or keys of a store begin with. */
  readonly table: string | undefined;
  /** Where PostgreSQL, SQLite (`file:…`) or Redis is. May hold a password. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
}

const PROVIDERS: ReadonlySet<string> = new Set([
  "memory",
  "file",
  "sqlite",
  "postgres",
  "redis",
  "launchdarkly",
  "unleash",
  "database",
]);

/** Throws `INVALID_ENVIRONMENT` for a provider that there is not. */
export function readStoreVariables(variables: Variables): StoreVariables {
  const named = ["FEATURE_PROVIDER", "FEATURE_BACKEND"].find((name) => textOf(variables, name));
  const provider = named === undefined ? undefined : textOf(variables, named);
  if (named !== undefined && provider !== undefined && !PROVIDERS.has(provider)) {
    throw invalidVariable(named, provider, `one of ${[...PROVIDERS].join(", ")}`);
  }
  return {
    provider,
    table: textOf(variables, "FEATURE_TABLE"),
    databaseUrl: textOf(variables, "DATABASE_URL"),
    redisUrl: textOf(variables, "REDIS_URL"),
  };
}

/** A variable without the blanks around it; `undefined` for one that is not set, or empty. */
export function textOf(variables: Variables, name: string): string | undefined {
  const value = variables[name]?.trim();
  return value === "" ? undefined : value;
}

/** The error for a variable that is not what it must be; not for one that may hold a secret. */
export function invalidVariable(name: string, value: string, expected: string): HalyardError {
  return new HalyardError("INVALID_ENVIRONMENT", `${name} is "${value}"; it must be ${expected}.`);
}

/** What `database` stands for, by the scheme of `DATABASE_URL`. Throws `INVALID_ENVIRONMENT`. */
export function databaseProvider(url: string | undefined): "postgres" | "redis" | "sqlite" {
  if (url === undefined || url === "") {
    throw new HalyardError(
      "INVALID_ENVIRONMENT",
      'FEATURE_PROVIDER is "database", so DATABASE_URL must say which: postgres://…, redis://… or file:….',
    );
  }
  if (/^postgres(ql)?:/.test(url)) return "postgres";
  if (/^rediss?:/.test(url)) return "redis";
  if (/^(file|sqlite):/.test(url)) return "sqlite";
  // What is before the colon may be a password where the URL is none.
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1];
  throw new HalyardError(
    "INVALID_ENVIRONMENT",
    `DATABASE_URL has ${scheme === undefined ? "no scheme" : `the scheme "${scheme}"`}; it must be postgres, redis, file or sqlite.`,
  );
}
