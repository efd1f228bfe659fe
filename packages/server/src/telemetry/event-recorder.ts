import { createRequire } from "node:module";
import { type EvaluationDetails, type EvaluationObserver, HalyardError } from "@halyard/core";
import * as api from "@opentelemetry/api";
import type { Logger, LoggerProvider, logs } from "@opentelemetry/api-logs";
import { type Attributes, EVALUATION, type RecordedSubject } from "./attributes.ts";
import { contextWith } from "./span-recorder.ts";

type Logs = Pick<typeof logs, "getLoggerProvider">;

/** `SeverityNumber.INFO`. */
const INFO = 9;

/**
 * Makes recorders of log records. Throws `MISSING_PACKAGE` without `@opentelemetry/api-logs`, which
 * newer versions of `@opentelemetry/api` have in them.
 */
export class EventTelemetry {
  readonly #logs: Logs;
  #provider: LoggerProvider | undefined;
  #logger: Logger | undefined;

  constructor() {
    this.#logs = (api as { readonly logs?: Logs }).logs ?? installedLogs();
  }

  /** `undefined` while nobody takes log records. */
  recorder(
    attributes: Attributes,
    requestSpan: api.Span | undefined,
    subject: RecordedSubject,
  ): EvaluationObserver | undefined {
    const provider = this.#logs.getLoggerProvider();
    if (this.#logger === undefined || provider !== this.#provider) {
      this.#provider = provider;
      this.#logger = provider.getLogger("@halyard/server");
    }
    const logger = this.#logger;
    if (!logger.enabled({ eventName: EVALUATION, severityNumber: INFO })) return undefined;
    return new EventRecorder(logger, attributes, requestSpan, subject);
  }
}

function installedLogs(): Logs {
  try {
    return (createRequire(import.meta.url)("@opentelemetry/api-logs") as { logs: Logs }).logs;
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "MODULE_NOT_FOUND") throw cause;
    const message =
      'The telemetry signal "event" makes log records: npm install @opentelemetry/api-logs';
    throw new HalyardError("MISSING_PACKAGE", message, { cause });
  }
}

/** Emits a log record for every read, as the conventions have it. */
class EventRecorder implements EvaluationObserver {
  readonly #logger: Logger;
  readonly #attributes: Attributes;
  readonly #requestSpan: api.Span | undefined;
  readonly #subject: RecordedSubject;
  #key: unknown;
  #subjectId: string | undefined;

  constructor(
    logger: Logger,
    attributes: Attributes,
    requestSpan: api.Span | undefined,
    subject: RecordedSubject,
  ) {
    this.#logger = logger;
    this.#attributes = attributes;
    this.#requestSpan = requestSpan;
    this.#subject = subject;
  }

  evaluated(details: EvaluationDetails): void {
    const key = this.#subject.knownKey();
    if (key !== this.#key) {
      this.#key = key;
      this.#subjectId = this.#attributes.subjectId(this.#subject);
    }
    this.#logger.emit({
      eventName: EVALUATION,
      severityNumber: INFO,
      attributes: this.#attributes.of(details, this.#subjectId),
      context: contextWith(this.#requestSpan),
    });
  }
}
