import { HalyardError, isKey } from "@halyard/core";

type Variables = Readonly<Record<string, string | undefined>>;

/** What the environment variables say; `undefined` where they say nothing. */
export interface EnvironmentConfig {
  readonly provider: string | undefined;
  readonly filePath: string | undefined;
  readonly fileWatch: boolean | undefined;
  /** Milliseconds. */
  readonly refreshInterval: number | undefined;
  /** Milliseconds that subjects are kept. */
  readonly cacheTtl: number | undefined;
  /** What the tables or keys of a store begin with. */
  readonly table: string | undefined;
  /** Where PostgreSQL, SQLite (`file:…`) or Redis is. May hold a password. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** No network: what has to be waited for is not asked. */
  readonly offline: boolean | undefined;
  readonly defaultEnabled: boolean | undefined;
  readonly environment: string;
  /** Key → text, as written in `FEATURE_OVERRIDES`. */
  readonly overrides: ReadonlyMap<string, string>;
  readonly metrics: {
    readonly enabled: boolean | undefined;
    readonly namespace: string | undefined;
    readonly perFlag: boolean | undefined;
  };
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

/** Reads the environment. Throws `INVALID_ENVIRONMENT`, naming the variable and what it may be. */
export function readEnvironment(variables: Variables = process.env): EnvironmentConfig {
  const named = ["FEATURE_PROVIDER", "FEATURE_BACKEND"].find((name) => text(variables, name));
  const provider = named === undefined ? undefined : text(variables, named);
  if (named !== undefined && provider !== undefined && !PROVIDERS.has(provider)) {
    throw invalid(named, provider, `one of ${[...PROVIDERS].join(", ")}`);
  }
  return {
    provider,
    filePath: text(variables, "FEATURE_FILE_PATH"),
    fileWatch: boolean(variables, "FEATURE_FILE_WATCH"),
    refreshInterval: duration(variables, "FEATURE_REFRESH_INTERVAL"),
    cacheTtl: duration(variables, "FEATURE_CACHE_TTL"),
    table: text(variables, "FEATURE_TABLE"),
    databaseUrl: text(variables, "DATABASE_URL"),
    redisUrl: text(variables, "REDIS_URL"),
    offline: boolean(variables, "FEATURE_OFFLINE"),
    defaultEnabled: boolean(variables, "FEATURE_DEFAULT_ENABLED"),
    environment:
      text(variables, "FEATURE_ENVIRONMENT") ?? text(variables, "NODE_ENV") ?? "production",
    overrides: overrides(variables),
    metrics: {
      enabled: boolean(variables, "FEATURE_METRICS_ENABLED"),
      namespace: namespace(variables),
      perFlag: boolean(variables, "FEATURE_METRICS_PER_FLAG"),
    },
  };
}

/** What a name of a metric may begin with. */
export const NAMESPACE: RegExp = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function namespace(variables: Variables): string | undefined {
  const written = text(variables, "FEATURE_METRICS_NAMESPACE");
  if (written === undefined || NAMESPACE.test(written)) return written;
  throw invalid("FEATURE_METRICS_NAMESPACE", written, "letters, digits and _, no digit first");
}

function text(variables: Variables, name: string): string | undefined {
  const value = variables[name]?.trim();
  return value === "" ? undefined : value;
}

function boolean(variables: Variables, name: string): boolean | undefined {
  const value = text(variables, name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw invalid(name, value, "true or false");
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `30s`, `500ms`, `1m`; a bare number is seconds. */
function duration(variables: Variables, name: string): number | undefined {
  const value = text(variables, name);
  if (value === undefined) return undefined;
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value) ?? [];
  if (amount === undefined) throw invalid(name, value, "a duration such as 30s, 500ms or 1m");
  return Number(amount) * (UNITS[unit] ?? 1);
}

/** `a=true,b=variant-b`; a value may contain `=`. */
function overrides(variables: Variables): ReadonlyMap<string, string> {
  const written = text(variables, "FEATURE_OVERRIDES");
  const found = new Map<string, string>();
  for (const pair of written?.split(",") ?? []) {
    if (pair.trim() === "") continue;
    const equals = pair.indexOf("=");
    const key = pair.slice(0, equals).trim();
    if (equals < 0 || !isKey(key)) {
      throw invalid("FEATURE_OVERRIDES", pair, "pairs such as a=true,b=variant-b");
    }
    found.set(key, pair.slice(equals + 1).trim());
  }
  return found;
}

function invalid(name: string, value: string, expected: string): HalyardError {
  return new HalyardError("INVALID_ENVIRONMENT", `${name} is "${value}"; it must be ${expected}.`);
}
