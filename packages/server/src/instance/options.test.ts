import { describe, expect, it } from "vitest";
import { createFlags } from "../create-flags.ts";
import { checkOptions } from "./options.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

function tokens(more: object): object {
  const keys = [{ kid: "a", secret: SECRET }];
  return { overrideTokens: { application: "shop", keys, ...more } };
}

const REFUSED: readonly (readonly [options: object, named: string])[] = [
  [{ hooks: { onEvalution: () => {} } }, 'no option "hooks.onEvalution"'],
  [{ hooks: { onReload: "log" } }, '"hooks.onReload" must be a function'],
  [{ telemetry: { signl: "none" } }, 'no option "telemetry.signl"'],
  [{ telemetry: { signal: "all" } }, '"telemetry.signal" must be "span" or "spanEvent"'],
  [{ telemetry: { signal: ["span", "none"] } }, 'a list of them without "none"'],
  [{ telemetry: { attributes: ["feature_flag.variant"] } }, '"telemetry.attributes"'],
  [{ telemetry: { maxKeys: 0 } }, '"telemetry.maxKeys" must be a whole number from 1'],
  [{ metrics: { exporter: {} } }, '"metrics.exporter" must be an exporter'],
  [{ metrics: { namespace: "a-b" } }, '"metrics.namespace" must be letters'],
  [{ metrics: { prefix: "a" } }, 'no option "metrics.prefix"'],
  [{ telemetry: { maxSpans: -1 } }, '"telemetry.maxSpans"'],
  [{ telemetry: true }, '"telemetry" must be an object'],
  [{ anonymous: { cokie: "a" } }, 'no option "anonymous.cokie"'],
  [{ anonymous: { cookie: "a;b" } }, '"anonymous.cookie"'],
  [{ anonymous: { maxAge: Number.NaN } }, '"anonymous.maxAge" must be a whole number of seconds'],
  [{ anonymous: "yes" }, '"anonymous" must be true, false, or an object'],
  [{ startTimeout: "abc" }, '"startTimeout" must be a number of milliseconds'],
  [{ startTimeout: Number.POSITIVE_INFINITY }, '"startTimeout"'],
  [{ property: "" }, '"property" must be a text that is not empty'],
  [{ defaultEnabled: "false" }, '"defaultEnabled" must be true or false, not "false"'],
  [{ sources: "flags.yaml" }, '"sources" must be a list'],
  [{ clock: 5 }, '"clock" must be a function, not 5'],
  [{ userAttributes: "plan" }, '"userAttributes" must be a list'],
  [{ headers: { country: undefined } }, '"headers" must be an object'],
  [{ headers: { country: "not a header" } }, '"headers"'],
  [{ context: {} }, '"context" must be a function, not an object'],
  [{ logger: { warn() {} } }, '"logger" must be an object with the functions'],
  [{ environment: 7 }, '"environment"'],
  [{ overrides: ["a"] }, '"overrides" must be an object of values by key, not a list'],
  [{ urlOverrides: true }, '"urlOverrides" must be an object'],
  [{ urlOverrides: { environments: ["staging", "production"] } }, "production can't be one"],
  [{ urlOverrides: { environments: [" Prod "] } }, '"urlOverrides.environments"'],
  [{ urlOverrides: { environments: "staging" } }, '"urlOverrides.environments"'],
  [{ urlOverrides: { prefix: "" } }, '"urlOverrides.prefix"'],
  [{ urlOverrides: { prefix: "f f" } }, '"urlOverrides.prefix"'],
  [{ urlOverrides: { cookie: "a;b" } }, '"urlOverrides.cookie"'],
  [{ overrideTokens: {} }, '"overrideTokens" must be an object'],
  [{ overrideTokens: { application: "shop" } }, '"overrideTokens" must be an object'],
  [tokens({ application: "" }), '"overrideTokens.application"'],
  [tokens({ keys: [] }), '"overrideTokens.keys" must be a list of 1 to 10 keys'],
  [tokens({ keys: [{ kid: "a", secret: "short" }] }), "secrets of at least 32 bytes"],
  [tokens({ keys: [{ kid: "a.b", secret: SECRET }] }), '"overrideTokens.keys"'],
  [tokens({ keys: [{ kid: "a", secret: SECRET, alg: "none" }] }), '"overrideTokens.keys"'],
  [tokens({ keys: [null] }), '"overrideTokens.keys"'],
  [tokens({ keys: [0, 1].map(() => ({ kid: "a", secret: SECRET })) }), "each `kid` once"],
  [tokens({ maxLife: 91 * 24 * 3600 * 1000 }), '"overrideTokens.maxLife"'],
  [tokens({ header: "a: b" }), '"overrideTokens.header" must be the name of a header'],
  [tokens({ parameter: "a&b" }), '"overrideTokens.parameter"'],
  [tokens({ algorithm: "none" }), 'no option "overrideTokens.algorithm"'],
  [{ constructor: 1 }, 'no option "constructor"'],
];

describe("options", () => {
  it.each(REFUSED)("%j are refused by name", (options, named) => {
    expect(() => checkOptions(options)).toThrow(
      expect.objectContaining({
        code: "INVALID_OPTIONS",
        message: expect.stringContaining(named) as unknown,
      }),
    );
  });

  it("are refused when the instance is made", () => {
    expect(() => createFlags({ startTimeout: "abc" as never })).toThrow(/startTimeout/);
  });

  it("may be undefined, all of them, and whatever has the right shape", () => {
    expect(() =>
      checkOptions({ clock: undefined, hooks: undefined, headers: undefined }),
    ).not.toThrow();
    expect(() =>
      checkOptions({ logger: console, anonymous: { cookie: "__Host-v" } }),
    ).not.toThrow();
  });
});
