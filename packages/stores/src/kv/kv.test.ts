import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeSuite } from "@halyard/testing/store";
import { createStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs";
import { describe, expect, it } from "vitest";
import { type KeyValue, keyValueStore } from "../kv.ts";

const by = { actor: { id: "ann", type: "person" }, at: 0 };

storeSuite(
  {
    name: "key-value by unstorage in memory",
    shared: true,
    manyWriters: false,
    audit: { limit: 3, of: "writes" },
    create: async () => {
      const kv = createStorage();
      return {
        open: ({ pollInterval = 20, auditLimit } = {}) =>
          keyValueStore({ kv, pollInterval, auditLimit }),
        lose: () => kv.clear(),
        remove: () => kv.dispose(),
      };
    },
  },
  { describe, it },
);

storeSuite(
  {
    name: "key-value by unstorage in files",
    shared: true,
    manyWriters: false,
    audit: { limit: 3, of: "writes" },
    create: async () => {
      const base = mkdtempSync(join(tmpdir(), "halyard-kv-"));
      const kv = createStorage({ driver: fsDriver({ base }) });
      return {
        open: ({ pollInterval = 20, auditLimit } = {}) =>
          keyValueStore({ kv, pollInterval, auditLimit }),
        lose: () => kv.clear(),
        remove: async () => rmSync(base, { recursive: true, force: true }),
      };
    },
  },
  { describe, it },
);

storeSuite(
  {
    name: "key-value by a Map",
    shared: true,
    manyWriters: false,
    audit: { limit: 3, of: "writes" },
    create: async () => {
      const kv = new Map<string, string>();
      return {
        open: ({ pollInterval = 20, auditLimit } = {}) =>
          keyValueStore({ kv, pollInterval, auditLimit }),
        lose: async () => kv.clear(),
        remove: async () => {},
      };
    },
  },
  { describe, it },
);

describe("a process that dies in the middle of a write", () => {
  const changes = [
    { what: "flag", key: "b", definition: {} },
    { what: "override", flagKey: "b", layer: "user", scope: "user:ann", put: { value: 1 } },
    { what: "group", group: "beta", user: "ann", member: true },
  ] as const;

  it.each([0, 1, 2, 3, 4, 5])(
    "after %i values were put: all of it is there, or nothing",
    async (puts) => {
      const map = new Map<string, string>();
      await keyValueStore({ kv: map }).write([{ what: "flag", key: "a", definition: {} }], by);
      let left = puts;
      const dying: KeyValue = {
        get: (key) => map.get(key),
        set: (key, value) => {
          if (left-- <= 0) throw new Error("dead");
          map.set(key, value);
        },
        delete: (key) => map.delete(key),
        list: () => [...map.keys()],
      };
      // The first write of a process repeats what the last one may have left, which is three values.
      const outcome = await keyValueStore({ kv: dying })
        .write(changes, by)
        .then(
          () => true,
          () => false,
        );
      const next = keyValueStore({ kv: map });
      const { documents, version } = await next.read();
      const subject = await next.readSubject({ scopes: ["user:ann"], user: "ann" });
      const audit = await next.readAudit({}, { limit: 10 });
      expect(version).toBe(outcome ? 2 : 1);
      expect(Object.keys((documents[0]!.document as { flags: object }).flags)).toEqual(
        outcome ? ["a", "b"] : ["a"],
      );
      expect(subject.overrides).toHaveLength(outcome ? 1 : 0);
      expect(subject.groups).toEqual(outcome ? ["beta"] : []);
      expect(audit.items).toHaveLength(outcome ? 4 : 1);
      await next.write([{ what: "flag", key: "c", definition: {} }], by);
      expect((await keyValueStore({ kv: map }).read()).version).toBe(outcome ? 3 : 2);
    },
  );
});
