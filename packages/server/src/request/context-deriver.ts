import type { Log } from "../instance/log.ts";
import { AnonymousIds } from "./anonymous.ts";
import type { RequestContextOptions } from "./options.ts";
import { RequestContext } from "./request-context.ts";
import type { RequestReader } from "./request-reader.ts";

/** Attributes of the user, and the names that users' objects have for them. */
const USER_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  name: ["name"],
  email: ["email"],
  roles: ["roles"],
  groups: ["groups"],
  perms: ["permissions", "perms"],
  tenantId: ["tenantId"],
  orgId: ["orgId"],
};

/** Attributes that a request has of itself, whatever its user has under these names. */
const OF_REQUEST = [
  "targetingKey",
  "userId",
  "anonymous",
  "ip",
  "sessionId",
  "userAgent",
  "path",
  "method",
  "host",
];

const DERIVED = [...OF_REQUEST, ...Object.keys(USER_ATTRIBUTES)];

/** Between two reports of a `context` that throws, in milliseconds. */
const REPORT_INTERVAL = 60_000;

/** How contexts are derived, for all requests of one adapter on one instance. */
export class ContextDeriver<Request> {
  readonly reader: RequestReader<Request>;
  readonly options: RequestContextOptions<Request>;
  readonly log: Log;
  readonly anonymous: AnonymousIds | undefined;
  readonly headers: ReadonlyMap<string, string>;
  /** What is read of the user and nowhere else: most of what flags ask for. */
  readonly userAttributes: ReadonlyMap<string, readonly string[]>;
  /** All names that are derived. */
  readonly names: readonly string[];
  /** `context` is known to return a promise: by its kind, or because it once did. */
  asynchronous: boolean;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #unreported = 0;

  constructor(reader: RequestReader<Request>, options: RequestContextOptions<Request>, log: Log) {
    this.reader = reader;
    this.options = options;
    this.log = log;
    const { anonymous, headers, userAttributes, context } = options;
    if (anonymous !== undefined && anonymous !== false) {
      this.anonymous = new AnonymousIds(anonymous === true ? {} : anonymous);
    }
    this.headers = new Map(
      Object.entries(headers ?? {}).map(([name, header]) => [name, header.toLowerCase()]),
    );
    this.names = [...DERIVED, ...(userAttributes ?? []), ...this.headers.keys()];
    const ofUser = [
      ...Object.entries(USER_ATTRIBUTES),
      ...(userAttributes ?? []).map((name) => [name, [name]] as const),
    ];
    const elsewhere = new Set([...OF_REQUEST, ...this.headers.keys()]);
    this.userAttributes = new Map(
      options.deriveContext === false ? [] : ofUser.filter(([name]) => !elsewhere.has(name)),
    );
    this.asynchronous = context?.constructor.name === "AsyncFunction";
  }

  derive(request: Request): RequestContext<Request> {
    return new RequestContext(this, request);
  }

  /**
   * Reports a `context` that threw. Clients can make that happen, with texts of theirs: the warning
   * comes once in a while and has none of it.
   */
  contextFailed(error: unknown): void {
    const { log } = this;
    log.debug(`CONTEXT_FAILED: ${printable(error instanceof Error ? error.message : error)}`);
    this.#unreported++;
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_INTERVAL) return;
    const kind = printable(error instanceof Error ? error.constructor.name : typeof error);
    const times = this.#unreported === 1 ? "" : ` ${this.#unreported} times in the last minutes`;
    this.#reportedAt = now;
    this.#unreported = 0;
    log.warn(
      `CONTEXT_FAILED: \`context\` threw (${kind})${times}, so its attributes are missing from the request, and guards take flags that need any for unknown. The error's message is logged as debug.`,
    );
  }

  /** Warns when callers choose an attribute that is read of them. */
  checkProxyTrust(request: Request, attribute: "ip" | "host"): void {
    if (!this.reader.trustsAnyProxy(request)) return;
    this.log.misuse(
      "TRUST_PROXY",
      `A flag reads the caller's ${attribute} while the framework trusts forwarded headers from anybody, so callers choose it themselves. Trust your proxies by address or number instead.`,
    );
  }
}

/** Longest foreign text in the log, in characters. */
const MAX_TEXT = 500;

/** A text that can't pass for lines of the log of its own. */
function printable(text: unknown): string {
  return String(text)
    .slice(0, MAX_TEXT)
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ");
}
