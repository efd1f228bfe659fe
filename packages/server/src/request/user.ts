// Reading of users, who are objects of the application: their getters may throw.

export function isAbsent(id: unknown): boolean {
  return id === undefined || id === null || id === "";
}

/** The user's id, under the names that users' objects have for it. */
export function userId(user: unknown): unknown {
  if (typeof user !== "object" || user === null) return undefined;
  // By their names: each request asks, and a computed name takes twice as long as all else in here.
  const { id } = user as { readonly id?: unknown };
  if (!isAbsent(id)) return id;
  const { sub } = user as { readonly sub?: unknown };
  return isAbsent(sub) ? undefined : sub;
}

/** The same; `undefined` also where it can't be read. */
export function readableUserId(user: unknown): unknown {
  try {
    return userId(user);
  } catch {
    return undefined;
  }
}

/** The first of these that the user has. Only what was named is ever read of a user. */
export function userValue(user: unknown, names: readonly string[]): unknown {
  if (typeof user !== "object" || user === null) return undefined;
  for (const name of names) {
    const value = (user as Record<string, unknown>)[name];
    if (!isAbsent(value)) return value;
  }
  return undefined;
}
