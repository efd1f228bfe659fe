import { validateHeaderName, validateHeaderValue } from "node:http";
import { HalyardError } from "@halyard/core";
import {
  BOOLEAN,
  checkFields,
  type FieldRule,
  isObject,
  objectOf,
  TEXT,
  wholeNumber,
} from "@halyard/server/adapter";
import { LINE_FILE, type LineFileOptions } from "../file/rotation.ts";
import { requireOption } from "../shared/options.ts";

export interface HttpExporterOptions {
  /** Where batches are posted: `http:` or `https:`. Redirects are not followed. */
  readonly url: string | URL;
  /**
   * Signs by Standard Webhooks: `whsec_` and the base64 of 24 to 64 bytes. Several while they are
   * rotated. Default: nothing is signed.
   */
  readonly secret?: string | readonly string[] | undefined;
  /** Go along with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether bodies are compressed. Default true. */
  readonly gzip?: boolean | undefined;
  /** Milliseconds that one attempt may take. Default 10,000. */
  readonly timeout?: number | undefined;
  /** Attempts, the first included. Default 8, which take about two minutes. */
  readonly maxAttempts?: number | undefined;
  /** Milliseconds before the second attempt; doubles with each. Default 1000. */
  readonly retryDelay?: number | undefined;
  /** Most milliseconds between attempts, unless `Retry-After` asks for more. Default 60,000. */
  readonly maxRetryDelay?: number | undefined;
  /** A file for events that could not be delivered. Default: they are lost, and counted. */
  readonly deadLetters?: LineFileOptions | undefined;
  /** Default `http`. */
  readonly name?: string | undefined;
}

const DAY = 86_400_000;

/** Headers that are this exporter's own. */
const OWN = /^(?:content-|webhook-|transfer-encoding$|host$)/i;

/** By what does not show a value that is wrong. */
const CHECKED_ELSEWHERE: FieldRule = { expected: "", accepts: () => true };

/** Throws `INVALID_OPTIONS`; what is secret is in no message. */
export function checkOptions(options: HttpExporterOptions): void {
  requireOption("httpExporter", "url", options);
  checkFields<HttpExporterOptions>("httpExporter.", options, {
    url: CHECKED_ELSEWHERE,
    secret: CHECKED_ELSEWHERE,
    headers: CHECKED_ELSEWHERE,
    gzip: BOOLEAN,
    timeout: wholeNumber(1, DAY),
    maxAttempts: wholeNumber(1, 100),
    retryDelay: wholeNumber(1, DAY),
    maxRetryDelay: wholeNumber(1, DAY),
    deadLetters: objectOf(LINE_FILE),
    name: TEXT,
  });
  if (options.deadLetters !== undefined) {
    requireOption("httpExporter.deadLetters", "path", options.deadLetters);
  }
  checkHeaders(options.headers ?? {});
}

/** The address, which may have a password or a token in it: no message repeats it. */
export function addressOf(url: string | URL): URL {
  const parsed = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (parsed?.protocol === "https:" || parsed?.protocol === "http:") return parsed;
  throw invalid('"url" must be an address that begins with https:// or http://.');
}

function checkHeaders(headers: unknown): void {
  if (!isObject(headers)) throw invalid('"headers" must be an object of texts.');
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      throw invalid(`"headers" has a name or value that no header can have.`);
    }
    if (OWN.test(name)) throw invalid(`the header ${name} is set by the exporter itself.`);
  }
}

function invalid(what: string): HalyardError {
  return new HalyardError("INVALID_OPTIONS", `httpExporter: ${what}`);
}
