import type { GuardOptions, Requirement } from "@halyard/server";
import type { Handler } from "./harness.ts";

export interface GuardCase {
  readonly name: string;
  readonly requirement: Requirement;
  readonly options?: GuardOptions<Handler> | undefined;
  readonly expected:
    | "passes"
    | {
        readonly status: number;
        readonly headers: Readonly<Record<string, string>>;
        readonly body: unknown;
      };
}

export const JSON_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
};

export const DISABLED: unknown = {
  error: { code: "FEATURE_DISABLED", message: "This feature is not available." },
};

const UNAVAILABLE = {
  error: {
    code: "FEATURE_UNAVAILABLE",
    message: "This feature can't be checked right now. Try again later.",
  },
};

const denied = { status: 404, headers: JSON_HEADERS, body: DISABLED };
const unavailable = { status: 503, headers: JSON_HEADERS, body: UNAVAILABLE };

const redirected = (location: string) => ({
  status: 302,
  headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", location },
  body: `Redirecting to ${location}`,
});

/** What a guard lets pass, and what it answers the others, to the letter. */
export const GUARD_CASES: readonly GuardCase[] = [
  { name: "a flag that is on", requirement: "on", expected: "passes" },
  { name: "a flag that is off", requirement: "off", expected: denied },
  { name: "a flag that is not enabled", requirement: "disabled", expected: denied },
  { name: "any, one on", requirement: { any: ["off", "on"] }, expected: "passes" },
  { name: "any, all off", requirement: { any: ["off", "other-off"] }, expected: denied },
  { name: "all, all on", requirement: { all: ["on", "other-on"] }, expected: "passes" },
  { name: "all, one off", requirement: { all: ["on", "off"] }, expected: denied },
  { name: "none, all off", requirement: { none: ["off", "other-off"] }, expected: "passes" },
  { name: "none, one on", requirement: { none: ["off", "on"] }, expected: denied },
  {
    name: "a status of its own",
    requirement: "off",
    options: { status: 403 },
    expected: { ...denied, status: 403 },
  },
  {
    name: "a message of its own, beyond ASCII",
    requirement: "off",
    options: { message: 'Bientôt — 即将推出 "soon"' },
    expected: {
      ...denied,
      body: { error: { code: "FEATURE_DISABLED", message: 'Bientôt — 即将推出 "soon"' } },
    },
  },
  {
    name: "a redirect",
    requirement: "off",
    options: { redirect: "/welcome?from=beta&x=%20" },
    expected: redirected("/welcome?from=beta&x=%20"),
  },
  {
    name: "a redirect beats the status and the message",
    requirement: "off",
    options: { redirect: "https://example.com/", status: 403, message: "No." },
    expected: redirected("https://example.com/"),
  },
  {
    name: "the variant that is served",
    requirement: "layout",
    options: { variant: "wide" },
    expected: "passes",
  },
  {
    name: "one of several variants",
    requirement: "layout",
    options: { variant: ["narrow", "wide"] },
    expected: "passes",
  },
  {
    name: "another variant",
    requirement: "layout",
    options: { variant: ["narrow", "tall"] },
    expected: denied,
  },
  {
    name: "a variant of a boolean",
    requirement: "off",
    options: { variant: "off" },
    expected: "passes",
  },
  {
    name: "a variant, of a flag that serves none",
    requirement: "text",
    options: { variant: "plain" },
    expected: denied,
  },
  { name: "an unknown flag is denied", requirement: "missing", expected: denied },
  {
    name: "an unknown flag, redirected",
    requirement: "missing",
    options: { redirect: "/" },
    expected: redirected("/"),
  },
  {
    name: "an unknown flag, allowed",
    requirement: "missing",
    options: { onError: "allow" },
    expected: "passes",
  },
  {
    name: "an unknown flag, an error",
    requirement: "missing",
    options: { onError: "error" },
    expected: unavailable,
  },
  {
    name: "an error does not take the status or the redirect of a denial",
    requirement: "missing",
    options: { onError: "error", status: 403, redirect: "/" },
    expected: unavailable,
  },
  { name: "a flag that is no boolean is denied", requirement: "text", expected: denied },
  {
    name: "a flag that is no boolean, allowed",
    requirement: "text",
    options: { onError: "allow" },
    expected: "passes",
  },
  {
    name: "a flag that is no boolean, an error",
    requirement: "text",
    options: { onError: "error" },
    expected: unavailable,
  },
  {
    name: "any, one unknown and one on",
    requirement: { any: ["missing", "on"] },
    options: { onError: "error" },
    expected: "passes",
  },
  {
    name: "any, one unknown and none on",
    requirement: { any: ["missing", "off"] },
    options: { onError: "error" },
    expected: unavailable,
  },
  {
    name: "all, one unknown and one off",
    requirement: { all: ["missing", "off"] },
    options: { onError: "allow" },
    expected: denied,
  },
  {
    name: "all, one unknown and the others on",
    requirement: { all: ["on", "missing"] },
    options: { onError: "allow" },
    expected: "passes",
  },
  {
    name: "none, one unknown",
    requirement: { none: ["off", "missing"] },
    options: { onError: "error" },
    expected: unavailable,
  },
];
