export { type KeyValueStoreOptions, keyValueStore } from "./kv/key-value-store.ts";
export type { KeyValue } from "./kv/key-values.ts";
