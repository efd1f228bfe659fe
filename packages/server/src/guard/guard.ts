import {
  type EvaluationDetails,
  type FlagClient,
  type FlagKey,
  HalyardError,
  isKey,
} from "@halyard/core";
import { checkFields, type FieldRules, FUNCTION, isText, oneOf, TEXT } from "../check-fields.ts";

/** One flag, or several: of `any` one must be on, of `all` every one, of `none` not one. */
export type Requirement =
  | FlagKey
  | { readonly any: readonly FlagKey[] }
  | { readonly all: readonly FlagKey[] }
  | { readonly none: readonly FlagKey[] };

export interface GuardOptions<Handler = never> {
  /** Status of the answer when the feature is off. Default 404. */
  readonly status?: number | undefined;
  /** Text of the answer. The default does not give the flag's name away. */
  readonly message?: string | undefined;
  /** Where to send the caller instead (302). */
  readonly redirect?: string | undefined;
  /** The variant, or the variants, that must be served; for flags that are not boolean. */
  readonly variant?: string | readonly string[] | undefined;
  /**
   * Answers in the guard's place when the feature is off. It can't let pass: when it ends without
   * an answer, or calls `next()` without an error, the guard answers after all.
   */
  readonly onDisabled?: Handler | undefined;
  /** The property of the instance that is asked, where there are several. Default: the first one's. */
  readonly property?: string | undefined;
  /** When the flag can't be evaluated: answer as if it were off, let pass, or 503. Default `deny`. */
  readonly onError?: "deny" | "allow" | "error" | undefined;
}

/** What a guard answers when it does not let pass. */
export interface Denial {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Guard {
  /** The flags that are required, for the list of guarded routes. */
  readonly flags: readonly string[];
  /** `undefined` lets pass. */
  readonly decide: (client: FlagClient) => Denial | undefined;
}

const MESSAGE = "This feature is not available.";
const UNAVAILABLE = "This feature can't be checked right now. Try again later.";

/** Compiles a requirement once, for all requests. Throws `INVALID_OPTIONS`. */
export function createGuard(requirement: Requirement, options: GuardOptions<unknown> = {}): Guard {
  const { kind, flags } = parseRequirement(requirement);
  checkGuardOptions(options);
  const { status = 404, message = MESSAGE, redirect, onError = "deny" } = options;
  const isOn = onTest(options.variant);
  const disabled =
    redirect === undefined ? denial(status, "FEATURE_DISABLED", message) : redirection(redirect);
  const unavailable = denial(503, "FEATURE_UNAVAILABLE", UNAVAILABLE);
  const erroneous = onError === "allow" ? undefined : onError === "error" ? unavailable : disabled;
  const decide = (client: FlagClient): Denial | undefined => {
    let failed = false;
    for (const key of flags) {
      const details = client.details(key as FlagKey);
      // Without its context, a flag that asks for it is a guess.
      const guess = client.contextFailed && details.reason !== "STATIC";
      const outcome = guess ? undefined : isOn(details);
      if (outcome === undefined) failed = true;
      // One flag decides: the one that is on of `any`, off of `all`, on of `none`.
      else if (outcome === (kind !== "all")) return kind === "any" ? undefined : disabled;
    }
    if (failed) return erroneous;
    return kind === "any" ? disabled : undefined;
  };
  return { flags, decide };
}

/** `undefined`: it can't be said. */
type OnTest = (details: EvaluationDetails) => boolean | undefined;

function onTest(variant: string | readonly string[] | undefined): OnTest {
  if (variant === undefined) {
    // Without a variant to compare, only a boolean says whether it is on.
    return ({ errorCode, value }) =>
      errorCode === undefined && typeof value === "boolean" ? value : undefined;
  }
  const wanted = new Set(typeof variant === "string" ? [variant] : variant);
  return ({ errorCode, variant: served }) =>
    errorCode === undefined ? served !== undefined && wanted.has(served) : undefined;
}

function parseRequirement(requirement: Requirement): {
  kind: "any" | "all" | "none";
  flags: readonly string[];
} {
  if (isFlagKey(requirement)) return { kind: "all", flags: [requirement] };
  const entries = Object.entries(requirement ?? {});
  const [entry] = entries;
  if (entry !== undefined && entries.length === 1) {
    const [kind, flags] = entry as [string, unknown];
    const known = kind === "any" || kind === "all" || kind === "none";
    if (known && Array.isArray(flags) && flags.length > 0 && flags.every(isFlagKey)) {
      return { kind, flags: [...flags] };
    }
  }
  throw new HalyardError(
    "INVALID_OPTIONS",
    'requireFeature takes a flag\'s key, or one of { any: […] }, { all: […] }, { none: […] }, as in app.get("/beta", requireFeature("beta"), handler).',
  );
}

/** Told at start: a key that is none would be an unknown flag in each request. */
export function isFlagKey(value: unknown): value is FlagKey {
  return typeof value === "string" && isKey(value);
}

const STATUS = {
  expected: "a status from 400 to 599",
  accepts: (value: unknown) =>
    Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599,
};

const VARIANT = {
  expected: "a variant's name, or a list of them",
  accepts: (value: unknown) =>
    isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
};

const REDIRECT = {
  expected: "an encoded URL or path",
  accepts: (value: unknown) => isText(value) && /^[\x21-\x7e]+$/.test(value),
};

const OPTIONS: FieldRules<GuardOptions<unknown>> = {
  status: STATUS,
  message: TEXT,
  redirect: REDIRECT,
  variant: VARIANT,
  onDisabled: FUNCTION,
  property: TEXT,
  onError: oneOf("deny", "allow", "error"),
};

function checkGuardOptions(options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new HalyardError(
      "INVALID_OPTIONS",
      'The options of requireFeature must be an object, as in requireFeature("beta", { status: 403 }).',
    );
  }
  checkFields("", options, OPTIONS);
}

function denial(status: number, code: string, message: string): Denial {
  return {
    status,
    // Who is let in changes from caller to caller and from minute to minute.
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
    body: JSON.stringify({ error: { code, message } }),
  };
}

function redirection(location: string): Denial {
  const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return { status: 302, headers: { ...headers, location }, body: `Redirecting to ${location}` };
}
