import { type AnyContext, type EvaluationObserver, FlagClient } from "@halyard/core";
import type { Flags } from "../create-flags.ts";
import { EdgeRequests } from "../edge/edge-requests.ts";
import type { HttpResponse } from "../endpoints/endpoint.ts";
import { FlagsInstance } from "../flags-instance.ts";
import type { FlagsOptions } from "../instance/options.ts";
import { activeSpan } from "../telemetry/active-span.ts";
import type { NodeResponse } from "./answer-head.ts";
import { CacheKeys } from "./cache-key.ts";
import { CacheRecorder } from "./cache-recorder.ts";
import { ContextDeriver } from "./context-deriver.ts";
import type { RequestReader } from "./request-reader.ts";

/** What connects the instance with one adapter's requests. */
export class RequestFlags<Request> {
  readonly instance: FlagsInstance;
  readonly property: string;
  readonly asyncLocalStorage: boolean;
  readonly #reader: RequestReader<Request>;
  readonly #deriver: ContextDeriver<Request>;
  /** Where answers tell caches what they depend on. */
  readonly #cacheKeys: CacheKeys | undefined;
  /** What finds overrides that requests bring along; `undefined` where none are heeded. */
  readonly #edge: EdgeRequests<Request> | undefined;
  /** Nothing is to be done for a request but to make its client, unless it is traced. */
  readonly #isPlain: boolean;
  /** Requests may have something to wait for, also once the instance has started. */
  readonly loads: boolean;
  /** Reads may set headers of the answer. */
  readonly setsHeaders: boolean;

  constructor(instance: FlagsInstance, reader: RequestReader<Request>) {
    this.instance = instance;
    this.property = instance.options.property ?? "flags";
    this.asyncLocalStorage = instance.options.asyncLocalStorage === true;
    this.loads = instance.options.context !== undefined || instance.subjects !== undefined;
    this.#reader = reader;
    this.#edge = instance.edge.isOn ? new EdgeRequests(instance, reader) : undefined;
    this.#deriver = new ContextDeriver(
      reader,
      instance.options as FlagsOptions<Request>,
      instance.log,
    );
    const { anonymous = false, vary = false } = instance.options;
    this.setsHeaders = anonymous !== false || vary !== false;
    const { storesSubjects } = instance;
    this.#cacheKeys = vary === false ? undefined : new CacheKeys(this.#deriver, storesSubjects);
    this.#isPlain = !this.looks && vary === false && !instance.watchesReads;
  }

  /** The client of one request. Cheap: the context is derived when a flag first reads it. */
  client(request: Request): FlagClient {
    const context = this.#deriver.derive(request);
    if (this.#isPlain && activeSpan() === undefined) return new FlagClient(this.instance, context);
    const { telemetry, readCounter } = this.instance;
    const recorder = telemetry.requestRecorder(context);
    if (readCounter === undefined) return this.#tellingCaches(request, context, recorder);
    const counter = readCounter.recorder(() => this.#reader.place(request));
    return this.#tellingCaches(request, context, telemetry.join(counter, recorder));
  }

  #tellingCaches(
    request: Request,
    context: AnyContext,
    observer: EvaluationObserver | undefined,
  ): FlagClient {
    const { instance } = this;
    const host = this.#edge?.host(request);
    if (this.#cacheKeys === undefined) return instance.clientFor(context, observer, host);
    const answer = (): NodeResponse | undefined => this.#reader.response(request);
    const caches = new CacheRecorder(this.#cacheKeys, answer, instance.log);
    const observers = instance.telemetry.join(caches, observer);
    const client = instance.clientFor(context, observers, host);
    caches.client = client;
    return client;
  }

  /** Whether requests may bring overrides along, which have to be looked for in each of them. */
  get looks(): boolean {
    return this.#edge !== undefined;
  }

  /** Whether a request seems to have brought some, so that its answer has to be marked. */
  brings(request: Request): boolean {
    return this.#edge?.brings(request) === true;
  }

  /** What answers the request in the application's place; `undefined` for almost all. */
  answer(request: Request): HttpResponse | undefined {
    return this.#edge?.answer(request);
  }

  /** What has to be awaited before the request goes on; `undefined` when there is nothing. */
  prepare(client: FlagClient): Promise<void> | undefined {
    const { starting } = this.instance;
    if (starting === undefined) return this.loads ? client.load() : undefined;
    return starting.then(() => {
      client.refresh();
      return client.load();
    });
  }
}

/** The instance that made a request's client; `undefined` for anything else. */
export function instanceOf(client: unknown): FlagsInstance | undefined {
  const host: unknown = (client as FlagClient | null | undefined)?.host;
  if (isInstance(host)) return host;
  // Of a request that brought overrides along.
  const { instance } = (host ?? {}) as { readonly instance?: unknown };
  return isInstance(instance) ? instance : undefined;
}

/** The instance that a `flags(…)` call means: one that exists, or one made of options. */
export function toInstance<Request>(
  input: Flags | FlagsOptions<Request> | undefined,
): FlagsInstance {
  if (isInstance(input)) return input;
  return new FlagsInstance((input ?? {}) as FlagsOptions);
}

function isInstance(value: unknown): value is FlagsInstance {
  return (value as FlagsInstance | null | undefined)?.kind === "halyard.instance";
}
