import { expect, it } from "vitest";
import { HalyardError } from "../errors.ts";
import { checkActor } from "./actor.ts";

const LONG = "x".repeat(512);

it.each([
  [{ id: "ann", type: "person" }],
  [{ id: "ann", type: "person", name: "Ann" }],
  [{ id: LONG, type: LONG, name: LONG }],
])("%j is an actor", (given) => {
  const actor = checkActor({ ...given, more: true });
  expect(actor).toStrictEqual(given);
  expect(Object.isFrozen(actor)).toBe(true);
});

it.each([
  [undefined],
  [null],
  ["ann"],
  [{}],
  [{ id: "ann" }],
  [{ type: "person" }],
  [{ id: "", type: "person" }],
  [{ id: " ", type: "person" }],
  [{ id: "ann", type: "\t" }],
  [{ id: 7, type: "person" }],
  [{ id: "ann", type: ["person"] }],
  [{ id: `${LONG}x`, type: "person" }],
  [{ id: "ann", type: "person", name: "" }],
  [{ id: "ann", type: "person", name: null }],
])("%j is none", (given) => {
  const check = () => checkActor(given);
  expect(check).toThrow(HalyardError);
  expect(check).toThrow(expect.objectContaining({ code: "INVALID_ACTOR" }));
  expect(check).toThrow(/texts of 1 to 512 characters/);
});
