import { FlagClient } from "./client.ts";
import type { ClientHost } from "./client-host.ts";
import type { AnyContext } from "./evaluation/context.ts";
import {
  type EvaluationDetails,
  type EvaluationErrorCode,
  staleDetails,
} from "./evaluation/details.ts";
import type { CompiledFlag } from "./evaluation/flag.ts";
import type { Explanation } from "./evaluation/trace.ts";
import type { JsonValue } from "./json.ts";
import type { FlagKey } from "./registry.ts";

/** Told of every read of one client, with the details that `details` would give. */
export interface EvaluationObserver {
  evaluated(details: EvaluationDetails, requestedKey: string): void;
  /** What a flag gives was shown without a read: by `explain`, or, without a key, that of all by `all`. */
  shown?(key: string | undefined): void;
}

/** A client whose reads are watched. A class of its own, so that others pay nothing for it. */
export class ObservedFlagClient extends FlagClient {
  readonly #observer: EvaluationObserver;

  constructor(host: ClientHost, context: AnyContext | undefined, observer: EvaluationObserver) {
    super(host, context);
    this.#observer = observer;
  }

  protected override get observed(): boolean {
    return true;
  }

  override all(): ReturnType<FlagClient["all"]> {
    this.#observer.shown?.(undefined);
    return super.all();
  }

  override explain(key: FlagKey): Explanation {
    this.#observer.shown?.(key);
    return super.explain(key);
  }

  protected override resolve(flag: CompiledFlag, requestedKey: string): EvaluationDetails {
    const details = super.resolve(flag, requestedKey);
    this.#observer.evaluated(this.snapshot.stale ? staleDetails(details) : details, requestedKey);
    return details;
  }

  protected override serve(details: EvaluationDetails, requestedKey: string): EvaluationDetails {
    this.#observer.evaluated(details, requestedKey);
    return details;
  }

  protected override fail(
    flagKey: string,
    requestedKey: string,
    fallback: JsonValue | undefined,
    code: EvaluationErrorCode,
    message: string,
  ): EvaluationDetails {
    const details = super.fail(flagKey, requestedKey, fallback, code, message);
    this.#observer.evaluated(details, requestedKey);
    return details;
  }
}
