// Reading of users, who are objects of the application: their getters may throw.

export function isAbsent(id: unknown): boolean {
  return id === undefined || id === null || id === "";
}

/** A user whom something can be read of. */
export type User = Readonly<Record<string, unknown>>;

export function asUser(user: unknown): User | undefined {
  return typeof user === "object" && user !== null ? (user as User) : undefined;
}

/** The user's id, under the names that users' objects have for it. */
export function userId(user: User | undefined): unknown {
  if (user === undefined) return undefined;
  // By their names: each request asks, and a computed name takes twice as long as all else in here.
  const { id } = user;
  if (!isAbsent(id)) return id;
  const { sub } = user;
  return isAbsent(sub) ? undefined : sub;
}

/** The same; `undefined` also where it can't be read. */
export function readableUserId(user: User | undefined): unknown {
  try {
    return userId(user);
  } catch {
    return undefined;
  }
}

/** The first of these that the user has. Only what was named is ever read of a user. */
export function userValue(user: User | undefined, names: readonly string[]): unknown {
  if (user === undefined) return undefined;
  // By index: each request asks, and to end an iterator takes as long as to read the attribute.
  for (let index = 0; index < names.length; index++) {
    const value = user[names[index] as string];
    if (!isAbsent(value)) return value;
  }
  return undefined;
}
