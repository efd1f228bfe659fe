import { type EvaluationContext, isPlainObject, type LazyContext } from "@halyard/core";
import { isThenable } from "../guard/late-answer.ts";
import type { RecordedSubject } from "../telemetry/attributes.ts";
import type { ContextDeriver } from "./context-deriver.ts";
import type { RequestContextOptions } from "./options.ts";
import { asUser, isAbsent, readableUserId, type User, userId, userValue } from "./user.ts";

type ContextFunction<Request> = NonNullable<RequestContextOptions<Request>["context"]>;

/** Before an asynchronous `context` was asked for anybody: no user's id, and not the lack of one. */
const NOBODY_YET = Symbol("nobody yet");

/** An attribute that was read. Requests read a few: a list of those is cheaper to make than a map. */
interface Known {
  readonly name: string;
  readonly value: unknown;
  readonly next: Known | undefined;
}

/**
 * The evaluation context of one request. Attributes are worked out when a flag reads them, all of
 * them for the user who was there at the first read: one request is one caller, until `load` finds
 * another.
 */
export class RequestContext<Request> implements LazyContext, RecordedSubject {
  readonly #deriver: ContextDeriver<Request>;
  readonly #request: Request;
  /** It is settled whom attributes are read of; then who, and their id. */
  #hasMet = false;
  #user: User | undefined;
  #userId: unknown;
  /** What has been read. */
  #known: Known | undefined;
  /** What `context` returned. */
  #own: EvaluationContext | undefined;
  /** Whom an asynchronous `context` was asked for, and that call while it lasts. */
  #loadedFor: unknown = NOBODY_YET;
  #loading: Promise<void> | undefined;
  #anonymousId: string | undefined;
  /** Someone only looks: no id is made, and nothing is kept. */
  #looking = false;
  failed = false;
  generation = 0;

  constructor(deriver: ContextDeriver<Request>, request: Request) {
    this.#deriver = deriver;
    this.#request = request;
  }

  attribute(name: string): unknown {
    const known = this.#find(name);
    if (known !== undefined) return known.value;
    if (!this.#hasMet) this.#meet();
    // Users and contexts are the application's: their getters may throw. What can't be read is
    // missing, and nobody is taken for anonymous because of it.
    let value: unknown;
    try {
      value = this.#read(name);
    } catch {
      value = undefined;
    }
    if (!this.#looking) this.#known = { name, value, next: this.#known };
    return value;
  }

  /**
   * The targeting key, as far as it is known. Recording must not change what reads see: it settles
   * who the caller is only once a user is there, and makes no id.
   */
  knownKey(): unknown {
    const read = this.#find("targetingKey");
    if (read !== undefined) return read.value;
    const { options, anonymous, reader, headers } = this.#deriver;
    const request = this.#request;
    if (!isAbsent(this.#currentUserId())) return this.#look(() => this.attribute("targetingKey"));
    const header = headers.get("targetingKey") ?? headers.get("userId");
    const known = [this.#own?.targetingKey, this.#own?.userId];
    if (options.deriveContext !== false) {
      known.push(header && reader.header(request, header), anonymous?.knownId(request, reader));
    }
    return known.find((id) => !isAbsent(id));
  }

  /**
   * Awaits an asynchronous `context`: once, and again when the user has become another since. Then
   * everything is forgotten that was read of the other one.
   */
  load(): Promise<void> | undefined {
    const { context } = this.#deriver.options;
    // Nobody was asked for, so that nobody can have changed: the usual request.
    if (!this.#hasMet && !this.#deriver.asynchronous) return undefined;
    const subject = this.#currentUserId();
    if (this.#hasMet && subject !== this.#userId) this.#forget();
    if (context === undefined || !this.#deriver.asynchronous) return undefined;
    if (subject === this.#loadedFor) return this.#loading;
    // In an async function, so that a context that throws at once is a rejection too.
    return this.#await(subject, (async () => context(this.#request))());
  }

  /**
   * Leaves everything as it was: whoever is there before authentication is not yet the caller. A
   * synchronous `context` that was asked is asked again by the first read.
   */
  tentatively<T>(look: () => T): T {
    if (this.#hasMet) return this.#look(look);
    const { failed } = this;
    const own = this.#own;
    try {
      return this.#look(look);
    } finally {
      this.#hasMet = false;
      this.#user = undefined;
      this.#userId = undefined;
      this.#own = own;
      this.failed = failed;
    }
  }

  toJSON(): EvaluationContext {
    return this.#look(() => {
      const names = new Set(this.#deriver.names);
      for (const name of Object.keys(this.#own ?? {})) names.add(name);
      // Asks for `context`, so that its names are known.
      this.attribute("targetingKey");
      for (const name of Object.keys(this.#own ?? {})) names.add(name);
      const entries = [...names].map((name) => [name, this.attribute(name)] as const);
      return Object.fromEntries(
        entries.filter(([, value]) => value !== undefined && value !== null),
      );
    });
  }

  #find(name: string): Known | undefined {
    let known = this.#known;
    while (known !== undefined && known.name !== name) known = known.next;
    return known;
  }

  #look<T>(work: () => T): T {
    this.#looking = true;
    try {
      return work();
    } finally {
      this.#looking = false;
    }
  }

  #meet(): void {
    const { options, asynchronous, log } = this.#deriver;
    const { context } = options;
    this.#hasMet = true;
    this.#user = this.#currentUser();
    this.#userId = readableUserId(this.#user);
    if (context === undefined) return;
    // An asynchronous context has nothing to give before `load`.
    if (!asynchronous) {
      if (this.#own === undefined) this.#ask(context);
      return;
    }
    if (this.#loadedFor === this.#userId && this.#loading === undefined) return;
    // What was loaded, if anything was, belongs to somebody else.
    this.#own = undefined;
    log.misuse(
      "SUBJECT_NOT_LOADED",
      "A flag was read before the asynchronous `context` was awaited for this user, so its attributes were missing. Mount flags() after authentication, or `await req.flags.ready()` first.",
    );
  }

  #forget(): void {
    this.#hasMet = false;
    this.#user = undefined;
    this.#known = undefined;
    this.#own = undefined;
    this.failed = false;
    this.generation++;
  }

  #await(subject: unknown, attributes: PromiseLike<unknown>): Promise<void> {
    this.#loadedFor = subject;
    const done = (keep: () => void): void => {
      // A later call, for another user, has the say.
      if (this.#loading !== loading) return;
      this.#loading = undefined;
      this.#forget();
      keep();
    };
    const loading: Promise<void> = Promise.resolve(attributes).then(
      (own) => done(() => this.#keep(own)),
      (error: unknown) => done(() => this.#fail(error)),
    );
    this.#loading = loading;
    return loading;
  }

  #currentUser(): User | undefined {
    try {
      return asUser(this.#deriver.reader.user(this.#request));
    } catch {
      return undefined;
    }
  }

  #currentUserId(): unknown {
    return readableUserId(this.#currentUser());
  }

  #ask(context: ContextFunction<Request>): void {
    this.#own = {};
    try {
      const attributes: unknown = context(this.#request);
      if (isThenable(attributes)) this.#learnAsynchronous(attributes);
      else this.#keep(attributes);
    } catch (error) {
      this.#fail(error);
    }
  }

  #learnAsynchronous(attributes: PromiseLike<unknown>): void {
    this.#deriver.asynchronous = true;
    // Guards and `ready` wait for it.
    void this.#await(this.#currentUserId(), attributes);
    this.#deriver.log.misuse(
      "CONTEXT_IS_ASYNC",
      "`context` returned a promise from a function that is not `async`, so this read could not wait for it. " +
        "From the next request on it is awaited in the middleware; declare it `async` to have that from the first.",
    );
  }

  #keep(attributes: unknown): void {
    if (isPlainObject(attributes)) this.#own = attributes;
    // Of an instance of a class, what it has of its own.
    else if (Array.isArray(attributes) || typeof attributes !== "object") this.#own = {};
    else this.#own = { ...attributes };
  }

  #fail(error: unknown): void {
    this.#own = {};
    this.failed = true;
    this.#deriver.contextFailed(error);
  }

  #read(name: string): unknown {
    const own = this.#own;
    if (own !== undefined && Object.hasOwn(own, name) && own[name] !== undefined) return own[name];
    const names = this.#deriver.userAttributes.get(name);
    return names === undefined ? this.#derive(name) : userValue(this.#user, names);
  }

  /** Apart from what is read of the user, which is most of all: short enough to be inlined. */
  #derive(name: string): unknown {
    const { reader, options, headers } = this.#deriver;
    const request = this.#request;
    if (options.deriveContext === false) return undefined;
    const header = headers.get(name);
    if (header !== undefined) return reader.header(request, header);
    switch (name) {
      case "targetingKey":
        return this.#subject() ?? this.#anonymous();
      case "userId":
        return userId(this.#user);
      case "anonymous":
        return this.#hasAnonymousKey() ? true : undefined;
      case "ip":
        this.#deriver.checkProxyTrust(request, name);
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
        this.#deriver.checkProxyTrust(request, name);
        return reader.host(request);
      default:
        return undefined;
    }
  }

  /** The user, also one that `context` or a header names. Not memoised: its errors are told. */
  #subject(): unknown {
    const id = this.#read("userId");
    return isAbsent(id) ? undefined : id;
  }

  #hasAnonymousKey(): boolean {
    const key = this.#find("targetingKey")?.value ?? this.#read("targetingKey");
    return key !== undefined && key === this.#anonymousId;
  }

  #anonymous(): string | undefined {
    const { anonymous, reader } = this.#deriver;
    if (this.#looking) this.#anonymousId ??= anonymous?.knownId(this.#request, reader);
    else this.#anonymousId ??= anonymous?.idOf(this.#request, reader);
    return this.#anonymousId;
  }
}
