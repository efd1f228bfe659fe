import {
  invalidVariable,
  isKey,
  readStoreVariables,
  type StoreVariables,
  textOf,
  type Variables,
} from "@halyard/core";

/** What the environment variables say; `undefined` where they say nothing. */
export interface EnvironmentConfig extends StoreVariables {
  readonly filePath: string | undefined;
  readonly fileWatch: boolean | undefined;
  /** Milliseconds. */
  readonly refreshInterval: number | undefined;
  /** Milliseconds that subjects are kept. */
  readonly cacheTtl: number | undefined;
  /** No network: what has to be waited for is not asked. */
  readonly offline: boolean | undefined;
  /** Whether analytics may tell anybody. */
  readonly sendEvents: boolean | undefined;
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

/** Reads the environment. Throws `INVALID_ENVIRONMENT`, naming the variable and what it may be. */
export function readEnvironment(variables: Variables = process.env): EnvironmentConfig {
  return {
    ...readStoreVariables(variables),
    filePath: textOf(variables, "FEATURE_FILE_PATH"),
    fileWatch: boolean(variables, "FEATURE_FILE_WATCH"),
    refreshInterval: duration(variables, "FEATURE_REFRESH_INTERVAL"),
    cacheTtl: duration(variables, "FEATURE_CACHE_TTL"),
    offline: boolean(variables, "FEATURE_OFFLINE"),
    sendEvents: boolean(variables, "FEATURE_SEND_EVENTS"),
    defaultEnabled: boolean(variables, "FEATURE_DEFAULT_ENABLED"),
    environment:
      textOf(variables, "FEATURE_ENVIRONMENT") ?? textOf(variables, "NODE_ENV") ?? "production",
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
  const written = textOf(variables, "FEATURE_METRICS_NAMESPACE");
  if (written === undefined || NAMESPACE.test(written)) return written;
  throw invalidVariable(
    "FEATURE_METRICS_NAMESPACE",
    written,
    "letters, digits and _, no digit first",
  );
}

function boolean(variables: Variables, name: string): boolean | undefined {
  const value = textOf(variables, name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw invalidVariable(name, value, "true or false");
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `30s`, `500ms`, `1m`; a bare number is seconds. */
function duration(variables: Variables, name: string): number | undefined {
  const value = textOf(variables, name);
  if (value === undefined) return undefined;
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value) ?? [];
  if (amount === undefined)
    throw invalidVariable(name, value, "a duration such as 30s, 500ms or 1m");
  return Number(amount) * (UNITS[unit] ?? 1);
}

/** `a=true,b=variant-b`; a value may contain `=`. */
function overrides(variables: Variables): ReadonlyMap<string, string> {
  const written = textOf(variables, "FEATURE_OVERRIDES");
  const found = new Map<string, string>();
  for (const pair of written?.split(",") ?? []) {
    if (pair.trim() === "") continue;
    const equals = pair.indexOf("=");
    const key = pair.slice(0, equals).trim();
    if (equals < 0 || !isKey(key)) {
      throw invalidVariable("FEATURE_OVERRIDES", pair, "pairs such as a=true,b=variant-b");
    }
    found.set(key, pair.slice(equals + 1).trim());
  }
  return found;
}
