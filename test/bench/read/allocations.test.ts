import { expect, it } from "vitest";
import { bundle } from "../../support/bundle.ts";
import { answerOf } from "../tools/program.ts";

interface Allocations {
  /** Bytes a read, by the kind of read. */
  readonly bytes: Readonly<Record<string, number>>;
  readonly seen: number;
}

it("allocates nothing for a read of a known subject", { timeout: 120_000 }, async () => {
  const file = await bundle(new URL("allocations.ts", import.meta.url));
  const { bytes, seen } = await answerOf<Allocations>(file, {
    node: ["--expose-gc", "--max-semi-space-size=256", "--min-semi-space-size=256"],
  });
  expect(seen).toBeGreaterThan(16);
  // What compiling code leaves in the heap is no byte a read; one object in ten reads would be more.
  const wasteful = Object.entries(bytes).filter(([, perRead]) => perRead > 2);
  expect(wasteful).toEqual([]);
});
