import type { EvaluationContext } from "@halyard/core";
import { BOOLEAN, type FieldRules, FUNCTION, isObject, isText, objectOf } from "../check-fields.ts";
import { COOKIE_NAME } from "./cookies.ts";

/** How the evaluation context is derived from a request. */
export interface RequestContextOptions<Request = unknown> {
  /**
   * Adds attributes to the derived ones, and replaces those of the same name. A synchronous
   * function runs at the first read, after authentication. An `async` one is awaited in the
   * middleware, which then belongs after authentication.
   */
  readonly context?:
    | ((request: Request) => EvaluationContext | undefined | Promise<EvaluationContext | undefined>)
    | undefined;
  /** `false`: only what `context` returns, nothing derived. Default true. */
  readonly deriveContext?: boolean | undefined;
  /** Further properties of the authenticated user that become attributes. */
  readonly userAttributes?: readonly string[] | undefined;
  /**
   * Attributes read from headers: `{ country: "cf-ipcountry" }`. Name only headers that a proxy
   * of yours sets or strips: clients can send any.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Answers tell caches what the flags that were read depend on, whether or not they are on: `Vary`
   * for what comes from headers, else `Cache-Control: private`. An object says which headers an
   * attribute of `context` is made of: `{ locale: "accept-language" }`. Default false.
   */
  readonly vary?: boolean | Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Gives visitors who are not signed in an id of their own, in a first-party cookie. Default false. */
  readonly anonymous?: boolean | AnonymousOptions | undefined;
}

export interface AnonymousOptions {
  /** Name of the cookie. Default `halyard_anon`. */
  readonly cookie?: string | undefined;
  /** Seconds. Default one year. */
  readonly maxAge?: number | undefined;
  /** Default: whether the request came over TLS, as the framework sees it. */
  readonly secure?: boolean | undefined;
}

function isToken(value: unknown): boolean {
  return typeof value === "string" && COOKIE_NAME.test(value);
}

const ANONYMOUS = objectOf<AnonymousOptions>({
  cookie: { expected: "the name of a cookie", accepts: isToken },
  maxAge: {
    expected: "a whole number of seconds from 0",
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  },
  secure: BOOLEAN,
});

export const REQUEST_CONTEXT_RULES: FieldRules<RequestContextOptions> = {
  context: FUNCTION,
  deriveContext: BOOLEAN,
  userAttributes: {
    expected: "a list of names",
    accepts: (value) => Array.isArray(value) && value.every(isText),
  },
  headers: {
    expected: 'an object of headers\' names by attribute, such as { country: "cf-ipcountry" }',
    accepts: (value) => isObject(value) && Object.values(value).every(isToken),
  },
  vary: {
    expected:
      'true, false, or an object of headers\' names by attribute, such as { locale: "accept-language" }',
    accepts: (value) =>
      typeof value === "boolean" ||
      (isObject(value) && Object.values(value).every((names) => [names].flat().every(isToken))),
  },
  anonymous: {
    ...ANONYMOUS,
    expected: `true, false, or ${ANONYMOUS.expected}`,
    accepts: (value) => typeof value === "boolean" || ANONYMOUS.accepts(value),
  },
};
