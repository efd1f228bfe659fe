import { HalyardError } from "@halyard/core";

/** What all stores here take. */
export interface StoreOptions {
  /** For people, and unique within an instance; what kind of store it is unless said otherwise. */
  readonly name?: string | undefined;
  /**
   * Milliseconds between looks for changes that were not told of. Unless said otherwise 30,000
   * where changes are pushed, 1000 for keys and values, and 50 for SQLite, where a look costs
   * microseconds.
   */
  readonly pollInterval?: number | undefined;
}

/** What the stores take that can push changes. */
export interface PushOptions {
  /**
   * `false`: changes are only found by looking, and no connection listens, as for poolers that
   * give each transaction another connection; set `pollInterval` to what you can wait.
   */
  readonly push?: boolean | undefined;
}

/** Refuses an option; the message begins with what it is an option of. */
export function invalidOption(store: string, what: string): HalyardError {
  return new HalyardError("INVALID_OPTIONS", `${store}: ${what}`);
}

/** Refuses options that do not exist, such as misspelt ones. */
export function checkNames(store: string, options: object, names: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw invalidOption(store, `there is no option \`${name}\`; there are ${names.join(", ")}.`);
  }
}

/** Milliseconds of an option, or those that it has by default. */
export function milliseconds(
  store: string,
  name: string,
  given: number | undefined,
  otherwise: number,
): number {
  if (given === undefined) return otherwise;
  if (Number.isFinite(given) && given >= 1 && given <= 86_400_000) return given;
  throw invalidOption(store, `\`${name}\` must be 1 to 86,400,000 milliseconds, not ${given}.`);
}

/** How much of the audit is kept. */
export function auditLimitOf(store: string, given: number, least: number): number {
  if (Number.isSafeInteger(given) && given >= least) return given;
  throw invalidOption(store, `\`auditLimit\` must be a whole number from ${least}, not ${given}.`);
}

/** The package that a store needs; `load` rejects when it is not installed. */
export function missingPackage(name: string, range: string, cause: unknown): HalyardError {
  return new HalyardError(
    "MISSING_PACKAGE",
    `The package ${name} is needed and can't be loaded: npm install ${name}@${range}`,
    { cause },
  );
}

/**
 * The passwords of a URL, also those among its parameters, as they may turn up in messages. Throws
 * `INVALID_OPTIONS` for what is no URL of these schemes.
 */
export function secretsOf(store: string, url: string, schemes: RegExp): readonly string[] {
  try {
    const { protocol, password, searchParams } = new URL(url);
    const given = [...searchParams].flatMap(([name, value]) => (/pass/i.test(name) ? value : []));
    if (schemes.test(protocol)) return [password, decodeURIComponent(password), ...given];
  } catch {
    // Without the cause, which has the URL.
  }
  throw invalidOption(store, "`url` is no URL of such a server.");
}
