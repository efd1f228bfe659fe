import { HalyardError } from "../errors.ts";
import { isPlainObject } from "../json.ts";
import type { Layer } from "./layers.ts";

/**
 * Whom an override is for. A qualified scope (a user inside a tenant) is another one than the bare
 * one, and beats it. Ids are compared exactly.
 */
export type Scope =
  | { readonly kind: "system" }
  | { readonly kind: "tenant"; readonly id: string }
  | { readonly kind: "org"; readonly id: string; readonly tenant?: string | undefined }
  | {
      readonly kind: "session" | "user" | "role" | "perm";
      readonly id: string;
      readonly org?: string | undefined;
      readonly tenant?: string | undefined;
    };

export type ScopeKind = Scope["kind"];

/** Longest id, in UTF-16 units. Whoever has a longer one has no overrides. */
export const MAX_SCOPE_ID = 512;

/** Longest key of a scope, in bytes of UTF-8: what databases take in an index beside other columns. */
export const MAX_SCOPE_KEY = 1500;

const QUALIFIERS: Readonly<Record<ScopeKind, readonly ("org" | "tenant")[]>> = {
  system: [],
  tenant: [],
  org: ["tenant"],
  session: ["org", "tenant"],
  user: ["org", "tenant"],
  role: ["org", "tenant"],
  perm: ["org", "tenant"],
};

/** The layer of overrides of a scope; those of the emergency layer are for `system`, too. */
export function layerOf(scope: Scope): Exclude<Layer, "emergency" | "local"> {
  return scope.kind;
}

/** Whether a text can be the id in a scope: stores keep it as it is, as UTF-8. */
export function isScopeId(id: unknown): id is string {
  return typeof id === "string" && id !== "" && id.length <= MAX_SCOPE_ID && id.isWellFormed();
}

/** The scope as its own, frozen. Throws `INVALID_SCOPE` for what is none. */
export function checkScope(given: unknown): Scope {
  if (!isPlainObject(given)) throw invalid("must be an object such as { kind: 'user', id: 'ann' }");
  const { kind } = given;
  if (typeof kind !== "string" || !Object.hasOwn(QUALIFIERS, kind)) {
    throw invalid(`has no kind that exists: it is one of ${Object.keys(QUALIFIERS).join(", ")}`);
  }
  const qualifiers = QUALIFIERS[kind as ScopeKind];
  const allowed = kind === "system" ? ["kind"] : ["kind", "id", ...qualifiers];
  const scope: Record<string, string> = { kind };
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value === undefined || name === "kind") continue;
    if (!allowed.includes(name))
      throw invalid(`of kind ${kind} has no field \`${name.slice(0, 50)}\``);
    if (!isScopeId(value)) {
      throw invalid(`needs as \`${name}\` a text of 1 to ${MAX_SCOPE_ID} characters`);
    }
    scope[name] = value;
  }
  if (kind !== "system" && scope.id === undefined) throw invalid(`of kind ${kind} needs an \`id\``);
  const checked = Object.freeze(scope) as Scope;
  const bytes = bytesOf(scopeKey(checked));
  if (bytes > MAX_SCOPE_KEY) {
    throw invalid(`has ids of ${bytes} bytes, and may have ${MAX_SCOPE_KEY} together`);
  }
  return checked;
}

/**
 * The scope as one text, equal for equal scopes: `system`, `user:ann`, `user:ann;org=acme;tenant=t1`.
 * What stores keep, and what they are asked for.
 */
export function scopeKey(scope: Scope): string {
  if (scope.kind === "system") return "system";
  const { org, tenant }: { org?: string | undefined; tenant?: string | undefined } =
    scope.kind === "tenant" ? {} : scope;
  const qualifiers = `${org === undefined ? "" : `;org=${escaped(org)}`}${tenant === undefined ? "" : `;tenant=${escaped(tenant)}`}`;
  return `${scope.kind}:${escaped(scope.id)}${qualifiers}`;
}

/** The scope of a key that {@link scopeKey} made. Throws `INVALID_SCOPE` for any other text. */
export function parseScopeKey(key: string): Scope {
  const [head = "", ...qualifiers] = key.split(";");
  const colon = head.indexOf(":");
  const given: Record<string, string> =
    colon < 0
      ? { kind: head }
      : { kind: head.slice(0, colon), id: unescaped(head.slice(colon + 1)) };
  for (const qualifier of qualifiers) {
    const [name = "", value = ""] = qualifier.split("=");
    given[name] = unescaped(value);
  }
  const scope = checkScope(given);
  if (scopeKey(scope) !== key) throw invalid("is no scope as Halyard writes them");
  return scope;
}

// Separators, and NUL, which PostgreSQL keeps in no text.
const SPECIAL = /[%;=\0]/g;

function escaped(id: string): string {
  return id.replaceAll(SPECIAL, (char) => `%${hex(char)}`);
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

function unescaped(text: string): string {
  return text.replaceAll(/%([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
}

/** Of the text in UTF-8. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function invalid(what: string): HalyardError {
  return new HalyardError("INVALID_SCOPE", `The scope ${what}.`);
}
