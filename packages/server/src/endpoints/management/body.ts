import type { HttpRequest } from "../endpoint.ts";
import { RequestProblem } from "./problem.ts";

/** Levels of lists and objects: more than any definition may have. */
const MAX_NESTING = 100;

/** What a changing request carries as JSON; `undefined` when there is no body. */
export async function readBody(
  request: HttpRequest,
  types: readonly string[],
  maxBody: number,
): Promise<unknown> {
  const given = request.header("content-type");
  // A form or an image of another site can send no JSON without asking first.
  if (given !== undefined ? !isType(given, types) : request.method === "POST") {
    throw unsupported(request.method, types);
  }
  const text = await textOf(request, maxBody);
  // Some body parsers make an empty object of nothing.
  if (text === "" || (given === undefined && text === "{}")) return undefined;
  if (given === undefined) throw unsupported(request.method, types);
  if (nestsTooDeeply(text)) throw tooDeep();
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestProblem("MALFORMED_REQUEST", "The body is no JSON.");
  }
}

async function textOf(request: HttpRequest, maxBody: number): Promise<string> {
  try {
    return await request.text(maxBody);
  } catch (error) {
    // What a body parser made of the text is too deep to be written as text again.
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

function isType(given: string, types: readonly string[]): boolean {
  const [type = "", ...parameters] = given.split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  return types.includes(type) && isUtf8;
}

function unsupported(method: string, types: readonly string[]): RequestProblem {
  return new RequestProblem(
    "UNSUPPORTED_MEDIA_TYPE",
    `Send Content-Type: ${types.join(" or ")}, also without a body.`,
    { headers: { [method === "PATCH" ? "accept-patch" : "accept"]: types.join(", ") } },
  );
}

function tooDeep(): RequestProblem {
  const message = `The body nests deeper than ${MAX_NESTING} levels.`;
  return new RequestProblem("MALFORMED_REQUEST", message);
}

/** Before anything is made of the text. */
function nestsTooDeeply(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inText) {
      if (code === 92) index++;
      else if (code === 34) inText = false;
    } else if (code === 34) inText = true;
    else if (code === 91 || code === 123) {
      if (++depth > MAX_NESTING) return true;
    } else if (code === 93 || code === 125) depth--;
  }
  return false;
}
