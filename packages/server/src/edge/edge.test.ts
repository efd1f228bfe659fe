import { afterEach, expect, it, vi } from "vitest";
import { FlagsInstance } from "../flags-instance.ts";
import type { FlagsOptions } from "../instance/options.ts";
import { RequestFlags } from "../request/request-flags.ts";
import type { RequestReader } from "../request/request-reader.ts";

const opened: FlagsInstance[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(options: FlagsOptions): FlagsInstance {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const sources = [{ flags: { beta: false } }];
  const flags = new FlagsInstance({ sources, logger: silent, ...options } as FlagsOptions);
  opened.push(flags);
  return flags;
}

const ENVIRONMENTS: readonly (readonly [variables: object, isOn: boolean])[] = [
  [{ FEATURE_ENVIRONMENT: "staging", NODE_ENV: "production" }, true],
  [{ FEATURE_ENVIRONMENT: "production", NODE_ENV: "staging" }, false],
  [{ FEATURE_ENVIRONMENT: undefined, NODE_ENV: "development" }, true],
  [{ FEATURE_ENVIRONMENT: undefined, NODE_ENV: "test" }, false],
  [{ FEATURE_ENVIRONMENT: undefined, NODE_ENV: undefined }, false],
  [{ FEATURE_ENVIRONMENT: "", NODE_ENV: "" }, false],
];
it.each(ENVIRONMENTS)("with %j URL overrides are heeded: %s", (variables, isOn) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  expect(make({ urlOverrides: {} }).edge.url !== undefined).toBe(isOn);
});

interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Notes what it is asked for. */
function noting(notes: string[]): RequestReader<Asked> {
  const note = (what: string) => () => {
    notes.push(what);
    return undefined;
  };
  return {
    ip: note("ip"),
    method: ({ url }) => {
      notes.push("method");
      return url && "GET";
    },
    place: () => ({ method: "GET", pattern: "/", mounted: false }),
    path: note("path"),
    url: ({ url }) => {
      notes.push("url");
      return url;
    },
    host: note("host"),
    header: ({ headers }, name) => {
      notes.push(`header ${name}`);
      return headers[name];
    },
    user: note("user"),
    sessionId: note("session"),
    secure: () => false,
    setCookie: () => {
      notes.push("set cookie");
      return true;
    },
    response: note("response"),
    trustsAnyProxy: () => false,
  };
}

const overrideTokens = {
  application: "shop",
  keys: [{ kid: "k1", secret: "0123456789abcdef0123456789abcdef" }],
};
const LOOKED: readonly (readonly [options: FlagsOptions, looked: readonly string[]])[] = [
  [{}, []],
  [{ urlOverrides: {}, environment: "production" }, []],
  [{ urlOverrides: {}, environment: "staging" }, ["header cookie", "url"]],
  [{ overrideTokens }, ["url", "header cookie", "header halyard-override-token"]],
  [
    { overrideTokens: { ...overrideTokens, links: false } },
    ["header cookie", "header halyard-override-token"],
  ],
];
it.each(LOOKED)("%j: what is looked at of a request that brings nothing", (options, looked) => {
  const notes: string[] = [];
  const flags = new RequestFlags(make(options), noting(notes));
  const request = { url: "/?beta=on", headers: { cookie: "session=1" } };
  expect(flags.answer(request)).toBeUndefined();
  const client = flags.client(request);
  expect(notes).toEqual(looked);
  // The instance itself: reads are those of any other client.
  expect(client.host).toBe(flags.instance);
});
