import { HalyardError, type HalyardErrorCode } from "@halyard/core";
import { BodyTooLarge, type HttpResponse, json } from "../endpoint.ts";
import type { Flaw } from "./schema.ts";

/**
 * What the API answers with when it does not do what was asked (RFC 9457), beside the codes of
 * {@link HalyardErrorCode}. `packages/core/ERRORS.md` lists all of them.
 */
export type ProblemCode =
  | HalyardErrorCode
  | "MALFORMED_REQUEST"
  | "INVALID_QUERY"
  | "INVALID_BODY"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "CROSS_SITE"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "EXISTS"
  | "PRECONDITION_FAILED"
  | "PRECONDITION_REQUIRED"
  | "REVIEW_REQUIRED"
  | "BODY_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "NOT_READY"
  | "TOO_MANY_STREAMS";

/** Status and title of each code that becomes an answer. */
export const PROBLEMS: Readonly<
  Partial<Record<ProblemCode, readonly [status: number, title: string]>>
> = {
  MALFORMED_REQUEST: [400, "The request can't be read"],
  INVALID_QUERY: [400, "The query is not one that this address takes"],
  INVALID_BODY: [400, "The body is not one that this address takes"],
  INVALID_OPTIONS: [400, "The request asks for something impossible"],
  UNAUTHENTICATED: [401, "Say who you are"],
  FORBIDDEN: [403, "You may not do this"],
  CROSS_SITE: [403, "The request comes from another site"],
  OWN_PROPOSAL: [403, "Somebody else has to approve it"],
  NOT_FOUND: [404, "There is nothing here"],
  FLAG_NOT_FOUND: [404, "There is no such flag"],
  SEGMENT_NOT_FOUND: [404, "There is no such segment"],
  PROPOSAL_NOT_FOUND: [404, "There is no such proposal"],
  METHOD_NOT_ALLOWED: [405, "This can't be done here"],
  EXISTS: [409, "It exists already"],
  READ_ONLY_SOURCE: [409, "It is defined where the API can't write"],
  ALIAS_READ_ONLY: [409, "It is another name of a flag"],
  STORE_UNAVAILABLE: [409, "There is no store"],
  TOKENS_NOT_CONFIGURED: [409, "There are no override tokens"],
  REVIEW_REQUIRED: [409, "It has to be proposed and approved"],
  REVIEW_OFF: [409, "Changes are not reviewed here"],
  PROPOSAL_CLOSED: [409, "The proposal is not in a state for this"],
  TOO_MANY_PROPOSALS: [409, "Too many proposals are open"],
  CHANGES_FROZEN: [409, "Changes are frozen"],
  VERSION_CONFLICT: [412, "Somebody else has written since"],
  PRECONDITION_FAILED: [412, "It is not what the request was made for"],
  BODY_TOO_LARGE: [413, "The body is too large"],
  UNSUPPORTED_MEDIA_TYPE: [415, "The body is of another type than this address takes"],
  INVALID_DEFINITIONS: [422, "The definitions would not be valid"],
  INVALID_KEY: [422, "This can't be a key"],
  INVALID_SCOPE: [422, "This can't be a scope"],
  INVALID_OVERRIDE: [422, "This can't be an override"],
  PRECONDITION_REQUIRED: [428, "Say which version the change is made for"],
  STORE_READ_FAILED: [503, "The store can't be read now"],
  STORE_WRITE_FAILED: [503, "The store can't be written now"],
  SOURCE_READ_FAILED: [503, "A source can't be read now"],
  NOT_READY: [503, "There are no definitions yet"],
  CLOSED: [503, "The flags are closed"],
  TOO_MANY_STREAMS: [503, "There is no place for another stream"],
};

/** Seconds. */
const RETRY_AFTER = 5;

/** Thrown where a request ends with a problem. */
export class RequestProblem extends Error {
  override readonly name = "RequestProblem";
  readonly code: ProblemCode;
  readonly problems: readonly Flaw[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      readonly problems?: readonly Flaw[] | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    } = {},
  ) {
    super(detail);
    this.code = code;
    this.problems = options.problems;
    this.headers = options.headers ?? {};
  }
}

/** The answer to what was thrown; `undefined` for what is a fault of this server. */
export function problemAnswer(error: unknown): HttpResponse | undefined {
  if (error instanceof RequestProblem) {
    return answerWith(error.code, error.message, error.problems, error.headers);
  }
  if (error instanceof BodyTooLarge) return answerWith("BODY_TOO_LARGE", error.message);
  if (!(error instanceof HalyardError) || PROBLEMS[error.code] === undefined) return undefined;
  const { code, message, problems } = error;
  const [status] = PROBLEMS[code] as readonly [number, string];
  if (status === 503) return answerWith(code, OUTAGES[code] ?? "Try again in a moment.");
  const flaws = problems.map(({ path, message }) => ({ path, message }));
  if (status !== 422) return answerWith(code, message);
  return answerWith(code, message, flaws.length > 0 ? flaws : [{ path: "", message }]);
}

/** Errors of a store may name hosts and users: those are for the log. */
const OUTAGES: Readonly<Partial<Record<ProblemCode, string>>> = {
  STORE_WRITE_FAILED:
    "The change was refused, or may have been made without an answer: read before you write again.",
  CLOSED: "This process is ending.",
};

function answerWith(
  code: ProblemCode,
  detail: string,
  problems?: readonly Flaw[],
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const [status, title] = PROBLEMS[code] ?? [500, "Something went wrong"];
  const type = `urn:halyard:problem:${code.toLowerCase().replaceAll("_", "-")}`;
  const body = { type, title, status, detail, code, ...(problems && { problems }) };
  return json(status, body, {
    "content-type": "application/problem+json; charset=utf-8",
    ...(status === 503 ? { "retry-after": String(RETRY_AFTER) } : {}),
    ...headers,
  });
}
