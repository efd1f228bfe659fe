import { readAttribute, unitOf } from "../evaluation/attributes.ts";
import type { AnyContext } from "../evaluation/context.ts";
import { isScopeId, type Scope, scopeKey } from "./scope.ts";

/** Who is asked for, as overrides and groups know subjects. */
export interface Subject {
  /** Absent for visitors who are not signed in. */
  readonly user: string | undefined;
  readonly session: string | undefined;
  readonly roles: readonly string[];
  readonly perms: readonly string[];
  readonly org: string | undefined;
  readonly tenant: string | undefined;
}

/** Most roles, and most permissions, of one subject that can have overrides. */
const MAX_ROLES = 250;

/** The subject of a context. An id that can't be in a scope has no overrides. */
export function subjectOf(context: AnyContext): Subject {
  const id = (name: string): string | undefined => scopeId(readAttribute(context, name));
  const anonymous = readAttribute(context, "anonymous") === true;
  return {
    user: id("userId") ?? (anonymous ? undefined : id("targetingKey")),
    session: id("sessionId"),
    roles: ids(readAttribute(context, "roles")),
    perms: ids(readAttribute(context, "perms")),
    org: id("orgId"),
    tenant: id("tenantId"),
  };
}

function scopeId(value: unknown): string | undefined {
  const id = unitOf(value);
  return isScopeId(id) ? id : undefined;
}

function ids(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  const found = new Set<string>();
  for (const item of list) {
    const id = scopeId(item);
    if (id !== undefined) found.add(id);
    if (found.size === MAX_ROLES) break;
  }
  return [...found];
}

/** Keys of all scopes that a subject is in, but for that of everybody. */
export function scopesOf({ user, session, roles, perms, org, tenant }: Subject): string[] {
  const scopes: string[] = [];
  const add = (scope: Scope): void => void scopes.push(scopeKey(scope));
  const addQualified = (kind: "session" | "user" | "role" | "perm", id: string): void => {
    if (org !== undefined && tenant !== undefined) add({ kind, id, org, tenant });
    if (org !== undefined) add({ kind, id, org });
    if (tenant !== undefined) add({ kind, id, tenant });
    add({ kind, id });
  };
  if (session !== undefined) addQualified("session", session);
  if (user !== undefined) addQualified("user", user);
  for (const role of roles) addQualified("role", role);
  for (const perm of perms) addQualified("perm", perm);
  if (org !== undefined) {
    if (tenant !== undefined) add({ kind: "org", id: org, tenant });
    add({ kind: "org", id: org });
  }
  if (tenant !== undefined) add({ kind: "tenant", id: tenant });
  return scopes;
}
