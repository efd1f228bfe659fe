import { MemoryAssignments } from "@halyard/core";
import { describe, it } from "vitest";
import { assignmentSuite } from "./index.ts";

assignmentSuite(
  {
    name: "memory",
    create: async () => {
      const store = new MemoryAssignments();
      return { open: () => store, remove: async () => {} };
    },
  },
  { describe, it },
);
