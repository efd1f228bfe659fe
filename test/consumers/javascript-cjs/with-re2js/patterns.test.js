const assert = require("node:assert/strict");
const { it } = require("node:test");
const { createFlags } = require("@halyard/express");

const when = { attribute: "a", op: "matches", values: ["(a+)+$"] };

it("patterns that may take long run on the engine that is installed", () => {
  const f = createFlags({ sources: [{ flags: { f: { rules: [{ id: "r", when }] } } }] });
  assert.equal(f.client({ a: "baa" }).enabled("f"), true);
  assert.equal(f.client({ a: `${"a".repeat(4000)}b` }).enabled("f"), false);
});
