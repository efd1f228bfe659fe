/**
 * NOT AUTHENTICATION. It believes whatever the address says, so that you can be anybody in a
 * browser: `?user=alice&plan=pro&country=NL&groups=beta_testers,staff`. In an application this is
 * passport, a session or a token, and Halyard reads the user that it puts on the request.
 */
export function pretendUser(query: Readonly<Record<string, unknown>>): PretendUser | undefined {
  const text = (name: string) => (typeof query[name] === "string" ? query[name] : undefined);
  const id = text("user");
  if (id === undefined) return undefined;
  const groups = text("groups")?.split(",") ?? [];
  return { id, plan: text("plan"), country: text("country"), groups };
}

export interface PretendUser {
  readonly id: string;
  readonly plan: string | undefined;
  readonly country: string | undefined;
  readonly groups: readonly string[];
}
