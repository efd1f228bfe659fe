import { expect, it } from "vitest";
import { loadDocument } from "../definition/load.ts";
import { compileSnapshot } from "../snapshot.ts";
import { runToEnd } from "../steps.ts";
import { attributesOf } from "./attributes-of.ts";

const dutch = { attribute: "country", op: "eq", values: ["NL"] };

const set = loadDocument({
  aliases: { old: "ruled" },
  segments: {
    eu: { any: [dutch, { segment: "staff" }] },
    staff: { not: { attribute: "email", op: "exists" } },
  },
  flags: {
    plain: true,
    disabled: { type: "boolean", enabled: false, rules: [{ id: "r", when: dutch }] },
    elsewhere: { type: "boolean", environments: ["staging"], rules: [{ id: "r", when: dutch }] },
    ruled: {
      type: "boolean",
      rules: [
        { id: "a", when: { segment: "eu" } },
        { id: "b", when: [dutch, { attribute: "user.plan", op: "eq", values: ["pro"] }] },
      ],
    },
    targeted: {
      type: "boolean",
      targets: [
        { variant: "on", values: ["ann"] },
        { variant: "on", attribute: "orgId", values: ["acme"] },
      ],
    },
    half: { percentage: 50 },
    whole: { percentage: 100 },
    nobody: { percentage: 0 },
    split: {
      type: "boolean",
      rules: [{ id: "s", rollout: { by: "orgId", weights: { on: 50, off: 50 } } }],
    },
    "split-whole": {
      type: "boolean",
      rules: [{ id: "s", rollout: { by: "orgId", weights: { on: 100 } } }],
    },
    scheduled: {
      schedule: [
        { from: "2020-01-01", percentage: 0 },
        { from: "2999-01-01", percentage: 5 },
      ],
    },
    "scheduled-whole": { schedule: [{ from: "2020-01-01", percentage: 100 }] },
    needs: {
      type: "boolean",
      overridable: false,
      prerequisites: [{ flag: "half", variant: "on" }],
      rules: [{ id: "r", when: dutch }],
    },
  },
});

const snapshot = runToEnd(compileSnapshot(set, { environment: "production" }));

it.each([
  ["plain", []],
  ["disabled", []],
  ["elsewhere", []],
  ["ruled", ["country", "email", "user.plan"]],
  ["old", ["country", "email", "user.plan"]],
  ["targeted", ["orgId", "targetingKey"]],
  ["half", ["targetingKey"]],
  ["whole", []],
  ["nobody", []],
  ["split", ["orgId"]],
  ["split-whole", []],
  ["scheduled", ["targetingKey"]],
  ["scheduled-whole", []],
  ["needs", ["country", "targetingKey"]],
  ["no-such-flag", []],
])("%s depends on %j", (key, expected) => {
  expect(attributesOf(key, snapshot, false)).toEqual(expected);
});

const OF_SUBJECTS = "anonymous orgId perms roles sessionId targetingKey tenantId userId".split(" ");

it.each([
  ["plain", OF_SUBJECTS],
  ["disabled", OF_SUBJECTS],
  ["no-such-flag", OF_SUBJECTS],
  ["ruled", [...OF_SUBJECTS, "country", "email", "user.plan"].sort()],
  // Not overridable itself, but what it needs is.
  ["needs", [...OF_SUBJECTS, "country"].sort()],
])("with overrides of subjects, %s depends on those, too", (key, expected) => {
  expect(attributesOf(key, snapshot, true)).toEqual(expected);
});
