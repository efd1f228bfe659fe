import { MemoryAssignments } from "@halyard/server";
import { expect, it } from "vitest";
import { bench } from "./bench.ts";

const experiment = (a: number) => ({
  enabled: true,
  type: "string",
  variants: { a: "a", b: "b" },
  default: "a",
  fallthrough: { rollout: { weights: { a, b: 100 - a }, experiment: true } },
});

it("evaluate and explain show what somebody was assigned, and assign nobody", async () => {
  const assignments = new MemoryAssignments();
  await assignments.assign([{ unit: "ann", experiment: "owned:owned", variant: "b" }]);
  const { client, f } = await bench({ flags: { assignments } });
  await client.put("/flags/owned", experiment(99));
  const ask = async (path: string, targetingKey: string) => {
    const { body } = await client.post(path, { context: { targetingKey }, flags: ["owned"] });
    return body.flags[0];
  };
  expect(await ask("/evaluate", "ann")).toMatchObject({ value: "b", reason: "SPLIT" });
  expect((await ask("/explain", "ann")).steps[0].serve).toMatchObject({ assigned: "b" });
  const strangers = Array.from({ length: 50 }, (_, index) => `stranger-${index}`);
  for (const stranger of strangers) await ask("/evaluate", stranger);
  expect((await ask("/explain", "stranger-1")).steps[0].serve).not.toHaveProperty("assigned");
  expect(f.health().assignments?.waiting).toBe(0);
  await client.put("/flags/owned", experiment(1), { headers: { "if-match": "*" } });
  const served = await Promise.all(strangers.map((stranger) => ask("/evaluate", stranger)));
  expect(served.filter(({ value }) => value === "b").length).toBeGreaterThan(40);
  expect(assignments.size).toBe(1);
});
