import { HalyardError } from "@halyard/core";

/** What a driver's error says, for people: never empty, and without the password of its URL. */
function reasonOf(cause: unknown, secrets: readonly string[] = []): string {
  const error = firstOf(cause);
  const { message, code } = (error ?? {}) as {
    readonly message?: unknown;
    readonly code?: unknown;
  };
  const text = [message, code, error].find((part) => typeof part === "string" && part !== "");
  return secrets.reduce(
    (shown, secret) => shown.replaceAll(secret, "***"),
    String(text ?? "unknown error"),
  );
}

/** Of several attempts, such as one per address, the first. */
function firstOf(cause: unknown): unknown {
  return cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors[0] : cause;
}

/** Makes the errors of one store. */
export class Failures {
  readonly #name: string;
  readonly #advice: (cause: unknown) => string;
  readonly #secrets: readonly string[];

  /** `advice` says what to do about an error of the driver. */
  constructor(name: string, advice: (cause: unknown) => string, secrets: readonly string[] = []) {
    this.#name = name;
    this.#advice = advice;
    this.#secrets = secrets.filter((secret) => secret !== "");
  }

  /** Errors of Halyard stay as they are. */
  read(cause: unknown): HalyardError {
    if (cause instanceof HalyardError) return cause;
    return this.#failed("STORE_READ_FAILED", `The store ${this.#name} can't be read`, cause);
  }

  write(cause: unknown): HalyardError {
    if (cause instanceof HalyardError) {
      if (cause.code !== "STORE_READ_FAILED") return cause;
      return new HalyardError("STORE_WRITE_FAILED", cause.message, { cause });
    }
    return this.#failed("STORE_WRITE_FAILED", `The store ${this.#name} refused a write`, cause);
  }

  /** The answer to a write was lost. */
  unknownOutcome(cause: unknown): HalyardError {
    return this.#failed(
      "STORE_WRITE_FAILED",
      `The connection to the store ${this.#name} broke while a write was being made, which may have been made or not: read before you repeat it`,
      cause,
    );
  }

  /** The store is not what it was. */
  readFault(what: string): HalyardError {
    return new HalyardError("STORE_READ_FAILED", `The store ${this.#name} ${what}`);
  }

  writeFault(what: string): HalyardError {
    return new HalyardError("STORE_WRITE_FAILED", `The store ${this.#name} ${what}`);
  }

  closed(): HalyardError {
    return new HalyardError("CLOSED", `The store ${this.#name} is closed.`);
  }

  #failed(
    code: "STORE_READ_FAILED" | "STORE_WRITE_FAILED",
    what: string,
    cause: unknown,
  ): HalyardError {
    const message = `${what}: ${reasonOf(cause, this.#secrets)}. ${this.#advice(cause)}`;
    return new HalyardError(code, message, { cause: this.#withoutSecrets(cause) });
  }

  /** Some drivers put the URL into their errors. */
  #withoutSecrets(cause: unknown): unknown {
    const shown = [JSON.stringify(cause), String(cause), (cause as Error | undefined)?.stack];
    const leaks = this.#secrets.some((secret) => shown.some((text) => text?.includes(secret)));
    return leaks ? new Error(reasonOf(cause, this.#secrets)) : cause;
  }
}
