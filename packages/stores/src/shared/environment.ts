import { HalyardError } from "@halyard/core";

/** What the environment variables say of a store. */
export interface StoreEnvironment {
  /** `DATABASE_URL`. */
  readonly databaseUrl?: string | undefined;
  /** `REDIS_URL`. */
  readonly redisUrl?: string | undefined;
  /** `FEATURE_TABLE`. */
  readonly table?: string | undefined;
}

/** The error of a store that a variable names needs another that says where it is. */
export function missingUrl(variable: string, example: string): HalyardError {
  return new HalyardError(
    "INVALID_ENVIRONMENT",
    `${variable} must say where the store is, such as ${example}.`,
  );
}
