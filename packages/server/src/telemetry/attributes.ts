import { createHash } from "node:crypto";
import type { EvaluationDetails, JsonValue } from "@halyard/core";
import { cut, type KeyCap } from "./key-cap.ts";
import { OPTIONAL_ATTRIBUTES, type OptionalAttribute, type TelemetryOptions } from "./options.ts";

// Copied from OpenTelemetry's semantic conventions: the incubating constants are not stable.
export const EVALUATION = "feature_flag.evaluation";
export const KEY = "feature_flag.key";
export const REASON: OptionalAttribute = "feature_flag.result.reason";
export const VARIANT: OptionalAttribute = "feature_flag.result.variant";
export const ERROR_TYPE: OptionalAttribute = "error.type";
export const VALUE: OptionalAttribute = "feature_flag.result.value";
const PROVIDER: OptionalAttribute = "feature_flag.provider.name";
const VERSION: OptionalAttribute = "feature_flag.version";
const CONTEXT_ID: OptionalAttribute = "feature_flag.context.id";
const ERROR_MESSAGE: OptionalAttribute = "feature_flag.error.message";

/** Of calls of sources, for which there are no conventions. */
export const SOURCE = "halyard.source.name";

export type AttributeValues = Record<string, string | number | boolean>;

/** Whom a request is of, as far as that is known: recording must not change what reads see. */
export interface RecordedSubject {
  readonly knownKey: () => unknown;
}

/** Says by the conventions what a read gave, as far as the options allow. */
export class Attributes {
  readonly #allowed: ReadonlySet<string>;
  readonly #recordsValues: boolean;
  readonly #contextId: NonNullable<TelemetryOptions["contextId"]>;
  readonly #keys: KeyCap;
  /** Details are one object per outcome, so that this is worked out once. */
  readonly #known = new WeakMap<EvaluationDetails, AttributeValues>();

  constructor(options: TelemetryOptions, keys: KeyCap) {
    this.#allowed = new Set(options.attributes ?? OPTIONAL_ATTRIBUTES);
    this.#recordsValues = options.recordValues === true && this.#allowed.has(VALUE);
    this.#contextId = this.#allowed.has(CONTEXT_ID) ? (options.contextId ?? "hash") : "none";
    this.#keys = keys;
  }

  /** A new object: it becomes a span's or a record's own. */
  of(details: EvaluationDetails, subjectId: string | undefined): AttributeValues {
    let known = this.#known.get(details);
    if (known === undefined) {
      known = this.#describe(details);
      this.#known.set(details, known);
    }
    return subjectId === undefined ? { ...known } : { ...known, [CONTEXT_ID]: subjectId };
  }

  /** What may be told of who a subject is; `undefined` while it is not known. */
  subjectId(subject: RecordedSubject): string | undefined {
    if (this.#contextId === "none") return undefined;
    const id = subject.knownKey();
    if (typeof id !== "string" && typeof id !== "number") return undefined;
    return this.#contextId === "plain" ? cut(String(id)) : hashed(String(id));
  }

  #describe(details: EvaluationDetails): AttributeValues {
    const { reason, variant, value, version, errorCode, errorMessage } = details;
    const attributes: AttributeValues = { [KEY]: this.#keys.nameOf(details) };
    const add = (name: string, written: string | number | boolean | undefined): void => {
      if (written !== undefined && this.#allowed.has(name)) attributes[name] = written;
    };
    add(PROVIDER, "halyard");
    add(REASON, reason.toLowerCase());
    add(VARIANT, variant);
    if (this.#recordsValues && value !== undefined) add(VALUE, plain(value));
    if (version !== undefined) add(VERSION, String(version));
    if (errorCode === undefined) return attributes;
    add(ERROR_TYPE, errorCode.toLowerCase());
    if (errorMessage !== undefined) add(ERROR_MESSAGE, cut(errorMessage));
    return attributes;
  }
}

function plain(value: JsonValue): string | number | boolean {
  if (typeof value === "number" || typeof value === "boolean") return value;
  return cut(typeof value === "string" ? value : JSON.stringify(value));
}

/** Tells subjects apart without telling who they are: ids are personal data. */
export function hashed(id: string): string {
  return createHash("sha256").update(id).digest("hex").slice(0, 16);
}
