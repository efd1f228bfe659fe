import { HalyardError } from "@halyard/core";

/** What the environment says of a store: part of the server's `EnvironmentConfig`. */
export interface StoreEnvironment {
  /** `FEATURE_TABLE`. */
  readonly table?: string | undefined;
  /** `DATABASE_URL`. */
  readonly databaseUrl?: string | undefined;
  /** `REDIS_URL`. */
  readonly redisUrl?: string | undefined;
  /** `FEATURE_REFRESH_INTERVAL`, in milliseconds. */
  readonly refreshInterval?: number | undefined;
}

/** A URL that is needed. Throws `INVALID_ENVIRONMENT`, which does not show what it may hold. */
export function neededUrl(
  provider: string,
  variable: string,
  url: string | undefined,
  schemes: RegExp,
  example: string,
): string {
  if (url !== undefined && schemes.test(url)) return url;
  const problem = url === undefined || url === "" ? "is not set" : "is another kind of URL";
  throw new HalyardError(
    "INVALID_ENVIRONMENT",
    `FEATURE_PROVIDER is "${provider}", so ${variable} must say where, such as ${example}; it ${problem}.`,
  );
}
