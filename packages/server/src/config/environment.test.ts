import { HalyardError } from "@halyard/core";
import { describe, expect, it } from "vitest";
import { type EnvironmentConfig, readEnvironment } from "./environment.ts";

const DEFAULTS: EnvironmentConfig = {
  provider: undefined,
  filePath: undefined,
  fileWatch: undefined,
  refreshInterval: undefined,
  cacheTtl: undefined,
  offline: undefined,
  table: undefined,
  databaseUrl: undefined,
  redisUrl: undefined,
  sendEvents: undefined,
  defaultEnabled: undefined,
  environment: "production",
  overrides: new Map(),
  metrics: { enabled: undefined, namespace: undefined, perFlag: undefined },
};

it("says nothing for variables that are absent, empty or blank", () => {
  expect(readEnvironment({})).toEqual(DEFAULTS);
  const names =
    "PROVIDER BACKEND FILE_PATH FILE_WATCH REFRESH_INTERVAL DEFAULT_ENABLED OVERRIDES METRICS_ENABLED METRICS_NAMESPACE METRICS_PER_FLAG";
  const blank = (value: string) =>
    Object.fromEntries(names.split(" ").map((name) => [`FEATURE_${name}`, value]));
  expect(readEnvironment({ ...blank(""), NODE_ENV: "" })).toEqual(DEFAULTS);
  expect(readEnvironment({ ...blank("  "), FEATURE_ENVIRONMENT: " " })).toEqual(DEFAULTS);
});

describe("good values", () => {
  it.each<[Record<string, string>, Partial<EnvironmentConfig>]>([
    [{ FEATURE_PROVIDER: "memory" }, { provider: "memory" }],
    [{ FEATURE_PROVIDER: " file " }, { provider: "file" }],
    [{ FEATURE_BACKEND: "redis" }, { provider: "redis" }],
    [{ FEATURE_PROVIDER: "sqlite", FEATURE_BACKEND: "redis" }, { provider: "sqlite" }],
    [{ FEATURE_PROVIDER: "", FEATURE_BACKEND: "postgres" }, { provider: "postgres" }],
    [{ FEATURE_PROVIDER: "launchdarkly" }, { provider: "launchdarkly" }],
    [{ FEATURE_PROVIDER: "unleash" }, { provider: "unleash" }],
    [{ FEATURE_PROVIDER: "database" }, { provider: "database" }],
    [{ FEATURE_FILE_PATH: "conf/flags.yaml" }, { filePath: "conf/flags.yaml" }],
    [{ FEATURE_FILE_WATCH: "TRUE" }, { fileWatch: true }],
    [{ FEATURE_FILE_WATCH: "0" }, { fileWatch: false }],
    [{ FEATURE_DEFAULT_ENABLED: "1" }, { defaultEnabled: true }],
    [{ FEATURE_DEFAULT_ENABLED: "false" }, { defaultEnabled: false }],
    [{ FEATURE_SEND_EVENTS: "false" }, { sendEvents: false }],
    [{ FEATURE_REFRESH_INTERVAL: "30s" }, { refreshInterval: 30_000 }],
    [{ FEATURE_REFRESH_INTERVAL: "500ms" }, { refreshInterval: 500 }],
    [{ FEATURE_REFRESH_INTERVAL: "1.5m" }, { refreshInterval: 90_000 }],
    [{ FEATURE_REFRESH_INTERVAL: "2h" }, { refreshInterval: 7_200_000 }],
    [{ FEATURE_REFRESH_INTERVAL: "15" }, { refreshInterval: 15_000 }],
    [
      {
        FEATURE_METRICS_ENABLED: "false",
        FEATURE_METRICS_NAMESPACE: "shop_flags",
        FEATURE_METRICS_PER_FLAG: "true",
      },
      { metrics: { enabled: false, namespace: "shop_flags", perFlag: true } },
    ],
    [{ NODE_ENV: "development" }, { environment: "development" }],
    [{ NODE_ENV: "test", FEATURE_ENVIRONMENT: "staging" }, { environment: "staging" }],
    [
      { FEATURE_OVERRIDES: "a=true, b = variant-b ,,url=https://x/?y=z&w=1,empty=" },
      {
        overrides: new Map([
          ["a", "true"],
          ["b", "variant-b"],
          ["url", "https://x/?y=z&w=1"],
          ["empty", ""],
        ]),
      },
    ],
  ])("%j", (variables, expected) => {
    expect(readEnvironment(variables)).toEqual({ ...DEFAULTS, ...expected });
  });
});

describe("bad values are errors that name the variable, the value and what it may be", () => {
  it.each([
    ["FEATURE_PROVIDER", "mongo", "postgres"],
    ["FEATURE_PROVIDER", "Redis", "redis"],
    ["FEATURE_BACKEND", "mongo", "postgres"],
    ["FEATURE_FILE_WATCH", "yes", "true or false"],
    ["FEATURE_DEFAULT_ENABLED", "on", "true or false"],
    ["FEATURE_REFRESH_INTERVAL", "soon", "30s"],
    ["FEATURE_REFRESH_INTERVAL", "-5s", "30s"],
    ["FEATURE_REFRESH_INTERVAL", "5 s", "30s"],
    ["FEATURE_REFRESH_INTERVAL", "5d", "30s"],
    ["FEATURE_METRICS_ENABLED", "maybe", "true or false"],
    ["FEATURE_METRICS_NAMESPACE", "1-shop", "letters, digits and _"],
    ["FEATURE_METRICS_PER_FLAG", "all", "true or false"],
    ["FEATURE_OVERRIDES", "beta", "a=true"],
    ["FEATURE_OVERRIDES", "=true", "a=true"],
    ["FEATURE_OVERRIDES", "a=true,beta", "a=true"],
  ])("%s=%s", (name, value, hint) => {
    const read = () => readEnvironment({ [name]: value });
    expect(read).toThrow(HalyardError);
    expect(read).toThrow(expect.objectContaining({ code: "INVALID_ENVIRONMENT" }));
    expect(read).toThrow(name);
    expect(read).toThrow(value.split(",").at(-1)!);
    expect(read).toThrow(hint);
  });
});
