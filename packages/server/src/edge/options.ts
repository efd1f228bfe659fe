import { BOOLEAN, type FieldRule, type FieldRules, isObject, objectOf } from "../check-fields.ts";
import { COOKIE_NAME } from "../request/cookies.ts";

/** Overrides in the query of a request: `?ff_beta=on`. Never in production. */
export interface UrlOverrideOptions {
  /** What the names of such parameters begin with. Default `ff_`. */
  readonly prefix?: string | undefined;
  /** Environments that heed them; production can't be one. Default `["development", "staging"]`. */
  readonly environments?: readonly string[] | undefined;
  /** Name of the cookie that keeps them for 24 hours. Default `halyard_overrides`. */
  readonly cookie?: string | undefined;
}

export interface OverrideTokenKey {
  /** Names the key in tokens: 1 to 32 letters, digits, `_` or `-`. */
  readonly kid: string;
  /** At least 32 bytes, made at random; a text counts as UTF-8. */
  readonly secret: string | Uint8Array;
}

/** Signed tokens that override flags for whoever holds them. */
export interface OverrideTokenOptions {
  /** Whom tokens are for, together with the environment: no other application takes them. */
  readonly application: string;
  /** The first signs, all verify: rotate by putting a new one first. At most 10. */
  readonly keys: readonly OverrideTokenKey[];
  /** Most milliseconds that a token may be good for. Default 7 days; at most 90. */
  readonly maxLife?: number | undefined;
  /** Header that carries a token. Default `halyard-override-token`. */
  readonly header?: string | undefined;
  /** Cookie that carries a token. Default `halyard_override_token`. */
  readonly cookie?: string | undefined;
  /** Parameter of links with a token. Default `halyard_token`. */
  readonly parameter?: string | undefined;
  /** Whether links are heeded. Default true. */
  readonly links?: boolean | undefined;
}

const DAY = 24 * 60 * 60 * 1000;
const MAX_LIFE = 90 * DAY;
export const USUAL_LIFE: number = 7 * DAY;

/** What is the same in a URL whether or not it is encoded. */
const URL_SAFE = /^[A-Za-z0-9._~-]{1,64}$/;
const KID = /^[A-Za-z0-9_-]{1,32}$/;
const MIN_SECRET = 32;
const MAX_KEYS = 10;

/** Whether an environment is production, by any of its usual names. */
function isProduction(environment: string): boolean {
  return /^\s*prod(uction)?\s*$/i.test(environment);
}

const URL_NAME: FieldRule = {
  expected: "1 to 64 letters, digits, `.`, `_`, `~` or `-`",
  accepts: (value) => typeof value === "string" && URL_SAFE.test(value),
};

const COOKIE: FieldRule = {
  expected: "the name of a cookie",
  accepts: (value) => typeof value === "string" && COOKIE_NAME.test(value),
};

const URL_OVERRIDES: FieldRules<UrlOverrideOptions> = {
  prefix: URL_NAME,
  environments: {
    expected:
      'a list of environments, such as ["staging"]; production can\'t be one: anybody can write a URL',
    accepts: (value) =>
      Array.isArray(value) &&
      value.every((name) => typeof name === "string" && name !== "" && !isProduction(name)),
  },
  cookie: COOKIE,
};

const TOKENS: FieldRules<OverrideTokenOptions> = {
  application: {
    expected: "a text of 1 to 100 characters",
    accepts: (value) => typeof value === "string" && /^.{1,100}$/.test(value),
  },
  keys: {
    expected: `a list of 1 to ${MAX_KEYS} keys { kid, secret }, each \`kid\` once, secrets of at least ${MIN_SECRET} bytes`,
    accepts: (value) => {
      if (!Array.isArray(value) || value.length === 0 || value.length > MAX_KEYS) return false;
      const kids = new Set(value.map((key) => key?.kid));
      return kids.size === value.length && value.every(isTokenKey);
    },
  },
  maxLife: {
    expected: `a number of milliseconds from 1000 to ${MAX_LIFE}`,
    accepts: (value) => typeof value === "number" && value >= 1000 && value <= MAX_LIFE,
  },
  header: { ...COOKIE, expected: "the name of a header" },
  cookie: COOKIE,
  parameter: URL_NAME,
  links: BOOLEAN,
};

function isTokenKey(key: unknown): boolean {
  const { kid, secret, ...rest } = (key ?? {}) as Partial<OverrideTokenKey>;
  if (typeof kid !== "string" || !KID.test(kid) || Object.keys(rest).length > 0) return false;
  const isSecret = typeof secret === "string" || secret instanceof Uint8Array;
  return isSecret && Buffer.byteLength(secret) >= MIN_SECRET;
}

export interface EdgeOptions {
  /** Overrides in URLs, for people who try things out. Default: none. */
  readonly urlOverrides?: UrlOverrideOptions | undefined;
  /** Overrides in signed tokens, also in production. Default: none. */
  readonly overrideTokens?: OverrideTokenOptions | undefined;
}

const TOKEN_OPTIONS = objectOf<OverrideTokenOptions>(TOKENS);

export const EDGE_RULES: FieldRules<EdgeOptions> = {
  urlOverrides: objectOf<UrlOverrideOptions>(URL_OVERRIDES),
  overrideTokens: {
    ...TOKEN_OPTIONS,
    expected: `${TOKEN_OPTIONS.expected}, the first two of which it needs`,
    accepts: (value) => {
      const { application, keys } = (value ?? {}) as Partial<OverrideTokenOptions>;
      return isObject(value) && application !== undefined && keys !== undefined;
    },
  },
};
