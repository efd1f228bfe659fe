import { MemoryStore } from "@halyard/core";
import { describe, it } from "vitest";
import { storeSuite } from "./index.ts";

storeSuite(
  {
    name: "memory",
    shared: false,
    manyWriters: false,
    audit: { limit: 10_000, of: "entries" },
    create: async () => {
      const store = new MemoryStore();
      return { open: () => store, remove: async () => {} };
    },
  },
  { describe, it },
);
