import { createHash } from "node:crypto";
import type { HttpRequest } from "../endpoint.ts";
import { RequestProblem } from "./problem.ts";

/** What there is at an address, as far as conditions ask. */
export interface Known {
  readonly etag: string;
  /** For `ifVersion`; `undefined` where no store tells. */
  readonly version: number | undefined;
}

/** The version, quoted; of what has none, a digest of what it is. */
export function etagOf(version: number | undefined, thing: unknown): string {
  if (version !== undefined) return `"${version}"`;
  const digest = createHash("sha256").update(JSON.stringify(thing)).digest("base64url");
  return `"${digest.slice(0, 22)}"`;
}

/** Whether the asker has it already (`If-None-Match`). */
export function isKnown(request: HttpRequest, etag: string): boolean {
  const tags = tagsOf(request, "if-none-match");
  return tags !== undefined && (tags.includes("*") || tags.includes(etag));
}

/**
 * The version that a change is made for: `undefined` for whatever there is, 0 for nothing. Throws
 * when the request does not say, or says another one than is there.
 */
export function versionFor(
  request: HttpRequest,
  known: Known | undefined,
  isRequired: boolean,
): number | undefined {
  const match = tagsOf(request, "if-match");
  const noneMatch = tagsOf(request, "if-none-match");
  if (noneMatch !== undefined) {
    const refused =
      known !== undefined && (noneMatch.includes("*") || noneMatch.includes(known.etag));
    if (refused) throw failed("It exists, and the request is for the case that it does not.");
    if (noneMatch.includes("*")) return 0;
  }
  if (match === undefined) {
    if (known === undefined) return isRequired ? 0 : undefined;
    if (isRequired) throw required(known.etag);
    return undefined;
  }
  if (known === undefined) throw failed("It does not exist, and the request is for one that does.");
  if (match.includes("*")) return undefined;
  // The store compares: another process may have written what this one has not seen yet.
  const [only, ...more] = match;
  const version = more.length === 0 ? /^"([1-9]\d{0,14})"$/.exec(only ?? "")?.[1] : undefined;
  if (version !== undefined && known.version !== undefined) return Number(version);
  if (!match.includes(known.etag)) {
    throw failed(`It is at ${known.etag}, and the request is for another version. Read it again.`);
  }
  return known.version;
}

/** A list of entity tags; weak ones are as good as none for changes. */
function tagsOf(request: HttpRequest, name: string): readonly string[] | undefined {
  const given = request.header(name);
  if (given === undefined) return undefined;
  const tags = given.split(",").map((tag) => tag.trim());
  return name === "if-none-match" ? tags.map((tag) => tag.replace(/^W\//, "")) : tags;
}

function failed(detail: string): RequestProblem {
  return new RequestProblem("PRECONDITION_FAILED", detail);
}

export function required(etag?: string): RequestProblem {
  const header = etag === undefined ? "the ETag that you read" : etag;
  return new RequestProblem(
    "PRECONDITION_REQUIRED",
    `It exists. Send If-Match: ${header}, or If-Match: * for whatever it is.`,
    { headers: etag === undefined ? {} : { etag } },
  );
}
