import { type GroupChange, HalyardError, isScopeId, type Page } from "@halyard/core";
import type { Audit, Authorship, Groups, ListPage } from "./overrides.ts";
import type { RuntimeState } from "./runtime-state.ts";

export class StoredGroups implements Groups {
  readonly #state: RuntimeState;

  constructor(state: RuntimeState) {
    this.#state = state;
  }

  add(group: string, user: string, options: Authorship): Promise<boolean> {
    return this.#write({ what: "group", group, user, member: true }, options);
  }

  remove(group: string, user: string, options: Authorship): Promise<boolean> {
    return this.#write({ what: "group", group, user, member: false }, options);
  }

  async groupsOf(user: string): Promise<readonly string[]> {
    checkId("user", user);
    return this.#state.read((store) => store.groupsOf(user));
  }

  async members(group: string, { limit = 100, cursor }: ListPage = {}): Promise<Page<string>> {
    checkId("group", group);
    return this.#state.read((store) => store.members(group, { limit, cursor }));
  }

  async #write(change: GroupChange, options: Authorship): Promise<boolean> {
    checkId("group", change.group);
    checkId("user", change.user);
    const { changed } = await this.#state.write(() => [change], options, change.group);
    return changed.includes(true);
  }
}

/** What was written to the store. */
export function storedAudit(state: RuntimeState): Audit {
  return {
    list: ({ limit = 100, cursor, ...filter } = {}) =>
      state.read((store) => store.readAudit(filter, { limit, cursor })),
  };
}

/** Throws `INVALID_SCOPE`. */
export function checkId(what: "group" | "user", id: unknown): void {
  if (isScopeId(id)) return;
  throw new HalyardError("INVALID_SCOPE", `The ${what} must be a text of 1 to 512 characters.`);
}
