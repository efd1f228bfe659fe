import { MemoryStore, type Store } from "@halyard/core";

/** What the API is tried over: one line for each store. */
export const stores: readonly { readonly name: string; readonly open: () => Store }[] = [
  { name: "memory", open: () => new MemoryStore() },
];
