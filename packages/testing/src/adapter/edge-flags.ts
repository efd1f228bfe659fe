import { createHmac } from "node:crypto";
import type { FlagsOptions } from "@halyard/server";
import type { Received, Server } from "./bench.ts";
import type { AppDescription } from "./harness.ts";

/** Flags that requests try to override. */
export const FLAGS: Readonly<Record<string, unknown>> = {
  beta: { type: "boolean", default: false, client: true },
  secret: { type: "boolean", default: false },
  text: { type: "string", default: "plain" },
  size: { type: "integer", default: 10 },
  layout: {
    type: "string",
    variants: { wide: "w", narrow: "n" },
    fallthrough: { serve: "wide" },
  },
  shape: {
    type: "json",
    variants: { round: { r: 1 }, square: { r: 0 } },
    fallthrough: { serve: "round" },
  },
  fixed: { type: "boolean", default: false, overridable: false },
};

/** What the route `/read` answers without overrides. */
export const PLAIN = {
  beta: false,
  secret: false,
  text: "plain",
  size: 10,
  layout: "w",
  shape: { r: 1 },
  fixed: false,
  undefined: "absent",
};

/** What an application says that means well and knows of no overrides. */
export const CACHED = {
  "cache-control": "public, max-age=600",
  "cdn-cache-control": "max-age=600",
  "surrogate-control": "max-age=600",
  "edge-control": "max-age=600",
  "x-accel-expires": "600",
  pragma: "cache",
  expires: "Thu, 01 Jan 2099 00:00:00 GMT",
};

export const ROUTES: AppDescription["routes"] = [
  {
    path: "/read",
    handler: ({ flags }) => ({
      headers: CACHED,
      json: {
        beta: flags.enabled("beta"),
        secret: flags.enabled("secret"),
        text: flags.string("text", "?"),
        size: flags.integer("size", 0),
        layout: flags.string("layout", "?"),
        shape: flags.json("shape", null),
        fixed: flags.enabled("fixed"),
        undefined: flags.string("undefined", "absent"),
      },
    }),
  },
  {
    path: "/why",
    handler: ({ flags }) => ({ json: flags.explain("beta").overrides as unknown as object }),
  },
  {
    path: "/twice",
    handler: async ({ flags }) => {
      const before = flags.enabled("beta");
      await new Promise((resolve) => setImmediate(resolve));
      return { json: { before, after: flags.enabled("beta"), all: flags.all() } };
    },
  },
  {
    path: "/guarded",
    guards: [{ requirement: "beta" }],
    handler: () => ({ headers: CACHED, json: { passed: true } }),
  },
  { path: "/reads-nothing", handler: () => ({ headers: CACHED, json: {} }) },
  {
    path: "/fails",
    handler: ({ flags }) => {
      flags.enabled("beta");
      throw new Error("broken");
    },
  },
  { method: "post", path: "/read", handler: ({ flags }) => ({ json: flags.enabled("beta") }) },
];

export const STAGING: FlagsOptions = { environment: "staging", urlOverrides: {} };

export const SECRET = "0123456789abcdef0123456789abcdef";
export const KEY: { readonly kid: string; readonly secret: string } = { kid: "k1", secret: SECRET };

export const TOKENS: FlagsOptions = {
  environment: "production",
  overrideTokens: { application: "shop", keys: [KEY] },
};

export const BY = { actor: { id: "ops", type: "person" }, reason: "a look at the beta" };

/** What a token of the suite says. */
export function claims(more: object = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    aud: ["shop", "production"],
    iat: now,
    exp: now + 3600,
    jti: "made-by-hand",
    flags: { beta: true },
    ...more,
  };
}

const PURPOSE = "halyard override token\n";

interface Forgery {
  readonly kid?: string;
  readonly secret?: string;
  readonly version?: string;
  readonly algorithm?: string;
  readonly purpose?: string;
}

/** A token by the format's description, not by the code that is tested. */
export function forge(payload: unknown, forgery: Forgery = {}): string {
  const { kid = "k1", secret = SECRET, version = "h1" } = forgery;
  const { algorithm = "sha256", purpose = PURPOSE } = forgery;
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const signed = `${version}.${kid}.${Buffer.from(text).toString("base64url")}`;
  const mac = createHmac(algorithm, secret).update(purpose + signed);
  return `${signed}.${mac.digest("base64url")}`;
}

export const HEADER = "halyard-override-token";
export const COOKIE = "halyard_override_token";

/** The values that the route gives to who brings this. */
export async function values(
  server: Server,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  return server.json(path, { headers });
}

/** The pair of a cookie that an answer sets, and its attributes. */
export function cookie(answer: Received, name: string): { pair: string; attributes: string[] } {
  const [pair = "", ...attributes] = (
    answer.cookies.find((text) => text.startsWith(`${name}=`)) ?? ""
  ).split("; ");
  return { pair, attributes };
}
