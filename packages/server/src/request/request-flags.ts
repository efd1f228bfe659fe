import type { FlagClient } from "@halyard/core";
import { type Flags, FlagsInstance } from "../create-flags.ts";
import type { FlagsOptions } from "../instance/options.ts";
import { ContextDeriver } from "./context-deriver.ts";
import type { RequestReader } from "./request-reader.ts";

/** What connects the instance with one adapter's requests. */
export class RequestFlags<Request> {
  readonly instance: FlagsInstance;
  readonly property: string;
  readonly asyncLocalStorage: boolean;
  readonly #deriver: ContextDeriver<Request>;
  /** Requests may have something to wait for, also once the instance has started. */
  readonly loads: boolean;

  constructor(instance: FlagsInstance, reader: RequestReader<Request>) {
    this.instance = instance;
    this.property = instance.options.property ?? "flags";
    this.asyncLocalStorage = instance.options.asyncLocalStorage === true;
    this.loads = instance.options.context !== undefined || instance.subjects !== undefined;
    this.#deriver = new ContextDeriver(
      reader,
      instance.options as FlagsOptions<Request>,
      instance.log,
    );
  }

  /** The client of one request. Cheap: the context is derived when a flag first reads it. */
  client(request: Request): FlagClient {
    const context = this.#deriver.derive(request);
    const { instance } = this;
    return instance.clientFor(context, instance.telemetry.requestRecorder(context));
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
  const host = (client as FlagClient | null | undefined)?.host;
  return isInstance(host) ? host : undefined;
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
