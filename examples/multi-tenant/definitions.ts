import { type DefinedFlags, defineFlags } from "@halyard/express";

/** What the code knows of its flags. At run time the store has the say, by overrides. */
export const definitions: DefinedFlags = defineFlags({
  "new-billing": { default: false, description: "Invoices by the new engine" },
  "export-limit": { type: "integer", default: 100, description: "Rows of one export" },
  "early-access": {
    default: false,
    rules: [
      {
        id: "pilots",
        when: [{ attribute: "groups", op: "contains", values: ["pilots"] }],
        serve: "on",
      },
    ],
  },
});
