import { type EvaluationContext, isPlainObject, type LazyContext } from "@halyard/core";
import type { Log } from "../instance/log.ts";
import type { RecordedSubject } from "../telemetry/spans.ts";
import { AnonymousIds } from "./anonymous.ts";
import type { RequestContextOptions } from "./options.ts";
import type { RequestReader } from "./request-reader.ts";

type ContextFunction<Request> = NonNullable<RequestContextOptions<Request>["context"]>;

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

const DERIVED = [
  "targetingKey",
  "userId",
  "anonymous",
  ...Object.keys(USER_ATTRIBUTES),
  "ip",
  "country",
  "sessionId",
  "userAgent",
  "path",
  "method",
  "host",
];

/** How contexts are derived, for all requests of one adapter on one instance. */
export class ContextDeriver<Request> {
  readonly reader: RequestReader<Request>;
  readonly options: RequestContextOptions<Request>;
  readonly log: Log;
  readonly anonymous: AnonymousIds | undefined;
  readonly headers: ReadonlyMap<string, string>;
  readonly userAttributes: ReadonlyMap<string, readonly string[]>;
  /** `context` is known to return a promise: by its kind, or because it once did. */
  asynchronous: boolean;

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
    this.userAttributes = new Map([
      ...Object.entries(USER_ATTRIBUTES),
      ...(userAttributes ?? []).map((name) => [name, [name]] as const),
    ]);
    this.asynchronous = context?.constructor.name === "AsyncFunction";
  }

  derive(request: Request): RequestContext<Request> {
    return new RequestContext(this, request);
  }
}

/** Before `context` was ever asked for: no user's id, and not the lack of one. */
const NOBODY_YET = Symbol("nobody yet");

/** The evaluation context of one request. Attributes are worked out when a flag reads them. */
export class RequestContext<Request> implements LazyContext, RecordedSubject {
  readonly #deriver: ContextDeriver<Request>;
  readonly #request: Request;
  /** What `context` returned. */
  #own: EvaluationContext | undefined;
  /** Whom an asynchronous `context` was asked for, and that call while it lasts. */
  #loadedFor: unknown = NOBODY_YET;
  #loading: Promise<void> | undefined;
  #anonymousId: string | undefined;

  constructor(deriver: ContextDeriver<Request>, request: Request) {
    this.#deriver = deriver;
    this.#request = request;
  }

  attribute(name: string): unknown {
    // Users and contexts are the application's: their getters may throw. What can't be read is
    // missing, and nobody is taken for anonymous because of it.
    try {
      return this.#read(name);
    } catch {
      return undefined;
    }
  }

  /** The targeting key, as far as it is known without asking `context` or making an id. */
  knownKey(): unknown {
    if (this.#deriver.options.context !== undefined && this.#own === undefined) return undefined;
    const { anonymous, reader } = this.#deriver;
    if (anonymous !== undefined) this.#anonymousId ??= anonymous.knownId(this.#request, reader);
    if (anonymous !== undefined && this.#anonymousId === undefined) return undefined;
    return this.attribute("targetingKey");
  }

  #read(name: string): unknown {
    const { options, headers } = this.#deriver;
    if (options.context !== undefined) {
      const own = this.#ownAttributes(options.context);
      if (Object.hasOwn(own, name)) return own[name] ?? null;
    }
    if (options.deriveContext === false) return undefined;
    const header = headers.get(name);
    if (header !== undefined) return this.#deriver.reader.header(this.#request, header);
    return this.#derive(name);
  }

  /**
   * Awaits an asynchronous `context`: once, and again when the user has become another since. One
   * that fails is reported, and adds nothing.
   */
  load(): Promise<void> | undefined {
    const { context } = this.#deriver.options;
    if (context === undefined || !this.#deriver.asynchronous) return undefined;
    const subject = this.#user();
    if (subject === this.#loadedFor) return this.#loading;
    // In an async function, so that a context that throws at once is a rejection too.
    return this.#await(subject, (async () => context(this.#request))());
  }

  #await(subject: unknown, attributes: PromiseLike<unknown>): Promise<void> {
    this.#loadedFor = subject;
    const done = (keep: () => void): void => {
      // A later call, for another user, has the say.
      if (this.#loading !== loading) return;
      this.#loading = undefined;
      keep();
    };
    const loading: Promise<void> = Promise.resolve(attributes).then(
      (own) => done(() => this.#keep(own)),
      (error: unknown) => done(() => this.#failed(error)),
    );
    this.#loading = loading;
    return loading;
  }

  #user(): unknown {
    try {
      return this.#userId();
    } catch {
      return undefined;
    }
  }

  toJSON(): EvaluationContext {
    const { options, headers, userAttributes } = this.#deriver;
    const own = options.context === undefined ? {} : this.#ownAttributes(options.context);
    const names = [...DERIVED, ...userAttributes.keys(), ...headers.keys(), ...Object.keys(own)];
    const entries = [...new Set(names)].map((name) => [name, this.attribute(name)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== null));
  }

  #ownAttributes(context: ContextFunction<Request>): EvaluationContext {
    if (this.#own !== undefined) return this.#own;
    // An asynchronous context has nothing to give before `load`.
    if (this.#deriver.asynchronous) return {};
    this.#own = {};
    try {
      const attributes: unknown = context(this.#request);
      if (isThenable(attributes)) this.#learnAsynchronous(attributes);
      else this.#keep(attributes);
    } catch (error) {
      this.#failed(error);
    }
    return this.#own;
  }

  #learnAsynchronous(attributes: PromiseLike<unknown>): void {
    this.#deriver.asynchronous = true;
    // Guards and `ready` wait for it.
    void this.#await(this.#user(), attributes);
    this.#deriver.log.misuse(
      "CONTEXT_IS_ASYNC",
      "`context` returned a promise from a function that is not `async`, so this read could not wait for it. " +
        "From the next request on it is awaited in the middleware; declare it `async` to have that from the first.",
    );
  }

  #keep(attributes: unknown): void {
    this.#own = isPlainObject(attributes) ? attributes : {};
  }

  #failed(error: unknown): void {
    this.#own = {};
    const reason = error instanceof Error ? error.message : String(error);
    this.#deriver.log.warn(
      `CONTEXT_FAILED: \`context\` threw, so its attributes are missing from this request: ${reason}`,
    );
  }

  #derive(name: string): unknown {
    const { reader, userAttributes } = this.#deriver;
    const request = this.#request;
    switch (name) {
      case "targetingKey":
        return this.#subject() ?? this.#anonymous();
      case "userId":
        return this.#userId();
      case "anonymous":
        return this.#hasAnonymousKey() ? true : undefined;
      case "ip":
        this.#checkProxyTrust();
        return reader.ip(request);
      case "sessionId":
        return reader.sessionId(request);
      case "userAgent":
        return reader.header(request, "user-agent");
      case "path":
        return reader.path(request);
      case "method":
        return reader.method(request);
      case "host":
        return reader.host(request);
      default: {
        const names = userAttributes.get(name);
        return names === undefined ? undefined : userValue(reader.user(request), names);
      }
    }
  }

  #userId(): unknown {
    return userValue(this.#deriver.reader.user(this.#request), ["id", "sub"]);
  }

  /** The user, also one that `context` or a header names. */
  #subject(): unknown {
    const id = this.#read("userId");
    return id === null || id === "" ? undefined : id;
  }

  #hasAnonymousKey(): boolean {
    const key = this.#read("targetingKey");
    return key !== undefined && key === this.#anonymousId;
  }

  #anonymous(): string | undefined {
    const { anonymous, reader } = this.#deriver;
    this.#anonymousId ??= anonymous?.idOf(this.#request, reader);
    return this.#anonymousId;
  }

  #checkProxyTrust(): void {
    const { reader, log } = this.#deriver;
    if (!reader.trustsAnyProxy(this.#request)) return;
    log.misuse(
      "TRUST_PROXY",
      "A flag reads the caller's ip while the framework trusts forwarded headers from anybody, so callers choose it themselves. Trust your proxies by address or number instead.",
    );
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

/** The first of these that the user has. Only what was named is ever read of a user. */
function userValue(user: unknown, names: readonly string[]): unknown {
  if (typeof user !== "object" || user === null) return undefined;
  for (const name of names) {
    const value = (user as Record<string, unknown>)[name];
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}
