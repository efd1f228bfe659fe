import type { DefinitionSource, Store } from "@halyard/core";

/** A source that is made when it is first used, once. */
export function lateSource(name: string, make: () => Promise<DefinitionSource>): DefinitionSource {
  const { get } = once(make);
  return {
    name,
    read: async () => (await get()).read(),
    watch: (listener) => {
      const stop = get().then((source) => source.watch?.(listener));
      stop.catch((error: unknown) => listener.onError(error));
      return async () => (await stop.catch(() => undefined))?.();
    },
  };
}

/** A store that is made when it is first used, once. */
export function lateStore(name: string, make: () => Promise<Store>): Store {
  const { get, made } = once(make);
  const { watch } = lateSource(name, get);
  return {
    name,
    ...(watch === undefined ? {} : { watch }),
    read: async () => (await get()).read(),
    readSubject: async (query) => (await get()).readSubject(query),
    listOverrides: async (filter, page) => (await get()).listOverrides(filter, page),
    groupsOf: async (user) => (await get()).groupsOf(user),
    members: async (group, page) => (await get()).members(group, page),
    listProposals: async (filter, page) => (await get()).listProposals(filter, page),
    readAudit: async (filter, page) => (await get()).readAudit(filter, page),
    write: async (changes, by) => (await get()).write(changes, by),
    // What was never used is not made to be closed.
    close: async () => (await made()?.catch(() => undefined))?.close(),
  };
}

function once<T>(make: () => Promise<T>): {
  readonly get: () => Promise<T>;
  readonly made: () => Promise<T> | undefined;
} {
  let made: Promise<T> | undefined;
  return {
    get: () => {
      made ??= make();
      return made;
    },
    made: () => made,
  };
}
