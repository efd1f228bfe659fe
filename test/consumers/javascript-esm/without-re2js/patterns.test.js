import assert from "node:assert/strict";
import { it } from "node:test";
import { createFlags } from "@halyard/express";

const matching = (pattern) => ({
  flags: {
    f: { rules: [{ id: "r", when: { attribute: "a", op: "matches", values: [pattern] } }] },
  },
});

it("patterns that are plainly linear need no engine", () => {
  const f = createFlags({ sources: [matching("^a+b$")] });
  assert.equal(f.client({ a: "aab" }).enabled("f"), true);
});

it("others say what to install", () => {
  assert.throws(() => createFlags({ sources: [matching("(a+)+$")] }), /install re2js/);
});
