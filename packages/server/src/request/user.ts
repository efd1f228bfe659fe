// Reading of users, who are objects of the application: their getters may throw.

export function isAbsent(id: unknown): boolean {
  return id === undefined || id === null || id === "";
}

/** What users' objects call their ids. */
export const ID_NAMES = ["id", "sub"] as const;

/** The user's id; `undefined` also where it can't be read. */
export function idOf(user: unknown): unknown {
  try {
    return userValue(user, ID_NAMES);
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
