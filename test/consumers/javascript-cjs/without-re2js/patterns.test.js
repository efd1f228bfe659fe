const assert = require("node:assert/strict");
const { it } = require("node:test");
const { createFlags } = require("@halyard/express");

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
