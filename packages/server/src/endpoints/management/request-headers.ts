import type { HttpRequest } from "../endpoint.ts";
import { RequestProblem } from "./problem.ts";

/** An id that can stand in a log, a header and the audit as it is. */
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/;

/** The id that somebody before gave the request; `undefined` for what is none. */
export function requestIdOf(request: HttpRequest): string | undefined {
  const given = request.header("x-request-id");
  return given !== undefined && REQUEST_ID.test(given) ? given : undefined;
}

const MAX_REASON = 1000;

/** Why, as `X-Reason` says; percent-encoded, because headers carry no more than ASCII for sure. */
export function reasonOf(request: HttpRequest): string | undefined {
  const given = request.header("x-reason")?.trim();
  if (given === undefined || given === "") return undefined;
  const reason = decoded(given);
  if (reason !== undefined && reason.trim() !== "" && reason.length <= MAX_REASON) return reason;
  throw new RequestProblem(
    "MALFORMED_REQUEST",
    `X-Reason takes 1 to ${MAX_REASON} characters, percent-encoded where they are not ASCII; a % is %25.`,
  );
}

function decoded(given: string): string | undefined {
  try {
    // Node takes the bytes for Latin-1; many clients send UTF-8 as it is.
    const bytes = Buffer.from(given, "latin1");
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const reason = decodeURIComponent(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not get in.
    return /[\0-\x1f\x7f]/.test(reason) ? undefined : reason;
  } catch {
    return undefined;
  }
}
