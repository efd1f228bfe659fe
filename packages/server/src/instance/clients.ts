import {
  type AnyContext,
  type ClientHost,
  type EvaluationContext,
  type EvaluationObserver,
  FlagClient,
  ObservedFlagClient,
} from "@halyard/core";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { ReadCounter } from "../usage/read-counter.ts";
import type { GuardedHooks } from "./hooks.ts";

export interface ClientsParts {
  readonly host: ClientHost;
  /** Has started. */
  readonly telemetry: Telemetry;
  readonly readCounter: ReadCounter | undefined;
  /** Absent where the application does not want to hear of reads. */
  readonly onEvaluation: GuardedHooks["onEvaluation"] | undefined;
}

/** Makes the clients of an instance: plain ones, unless somebody hears of their reads. */
export class Clients {
  readonly #parts: ClientsParts;
  /** Whether anybody hears of reads that are not traced. Found out once, not for each client. */
  readonly areWatched: boolean;

  constructor(parts: ClientsParts) {
    this.#parts = parts;
    const { telemetry, readCounter, onEvaluation } = parts;
    this.areWatched =
      onEvaluation !== undefined || readCounter !== undefined || telemetry.watchesReads;
  }

  /** For work outside of requests. */
  client(context: EvaluationContext | undefined): FlagClient {
    const { host, telemetry, readCounter } = this.#parts;
    if (!this.areWatched) return new FlagClient(host, context);
    const recorder = telemetry.clientRecorder(context);
    return this.clientFor(context, telemetry.join(recorder, readCounter));
  }

  /** For a request's context, whose reads `observer` hears of beside the hook. */
  clientFor(
    context: AnyContext | undefined,
    observer: EvaluationObserver | undefined,
    host: ClientHost = this.#parts.host,
  ): FlagClient {
    const { onEvaluation } = this.#parts;
    if (onEvaluation === undefined) {
      return observer === undefined
        ? new FlagClient(host, context)
        : new ObservedFlagClient(host, context, observer);
    }
    return new ObservedFlagClient(host, context, {
      evaluated: (details, requestedKey) => {
        observer?.evaluated(details, requestedKey);
        onEvaluation({ details, requestedKey });
      },
      shown: (key) => observer?.shown?.(key),
    });
  }
}
