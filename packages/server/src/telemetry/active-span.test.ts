import { expect, it } from "vitest";
import { tracing } from "../../../../test/support/tracing.ts";
import { activeSpan } from "./active-span.ts";

/** How many calls it takes to see the span that is active. */
function callsToSee(): number {
  const { inSpan, end } = tracing.start();
  const calls = inSpan("request", (done) => {
    let count = 1;
    while (activeSpan() === undefined && count < 1000) count++;
    done();
    return count;
  });
  end();
  return calls;
}

it("is noticed soon by a process that has served for long without an SDK, then at once", () => {
  const spans = new Set<unknown>();
  for (let call = 0; call < 50_000; call++) spans.add(activeSpan());
  expect([...spans]).toEqual([undefined]);
  expect(callsToSee()).toBeLessThanOrEqual(64);
  expect(activeSpan()).toBeUndefined();
  expect(callsToSee()).toBe(1);
});

it("is noticed when what was registered has been taken away, and registered anew", () => {
  expect(callsToSee()).toBe(1);
  Reflect.deleteProperty(globalThis, Symbol.for("opentelemetry.js.api.1"));
  expect(callsToSee()).toBe(1);
});
