import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore, type Store } from "@halyard/server";
import { keyValueStore } from "@halyard/stores/kv";
import { sqliteStore } from "@halyard/stores/sqlite";
import { afterAll } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "halyard-management-"));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the API is tried over, empty each time: one line for each store. */
export const stores: readonly { readonly name: string; readonly open: () => Store }[] = [
  { name: "memory", open: () => new MemoryStore() },
  { name: "SQLite", open: () => sqliteStore({ path: join(folder, `${++files}.db`) }) },
  { name: "key-value", open: () => keyValueStore({ kv: new Map<string, string>() }) },
];
