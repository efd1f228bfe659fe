import { expect, it } from "vitest";
import { createVariantChoice } from "./by-variant.ts";
import { createGuard } from "./guard.ts";

for (const [requirement, options] of [
  ["", {}],
  [{ any: [1] }, {}],
  [{ all: [null] }, {}],
  ["on", { onError: "alow" }],
  ["on", { onEror: "error" }],
  ["on", { onDisabled: "/elsewhere" }],
  ["on", { variant: 1 }],
  ["on", { status: 200 }],
] as const) {
  const written = JSON.stringify([requirement, options]);
  it(`requireFeature(${written.slice(1, -1)}) is refused when it is made`, () => {
    expect(() => createGuard(requirement as never, options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTIONS" }),
    );
  });
}

for (const options of [null, "features", [], { propert: "features" }, { property: "" }]) {
  it(`byVariant with ${JSON.stringify(options)} is refused when it is made`, () => {
    const make = () => createVariantChoice("on", { on: () => {} }, undefined, options as never);
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
  });
}
