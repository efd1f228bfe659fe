import { expect, it } from "vitest";
import { PROBLEMS } from "../../packages/server/src/endpoints/management/problem.ts";
import { tableBelow } from "../readme/snippets.ts";

it("ERRORS.md lists every problem of the API with its status, in order", () => {
  const rows = tableBelow("packages/core/ERRORS.md", "Problems of the management API");
  const known = Object.entries(PROBLEMS).map(([code, problem]) => `${code} ${problem?.[0]}`);
  expect(rows.map(([code, status]) => `${code} ${status}`)).toEqual(known);
  expect(rows.filter((cells) => cells.some((cell) => cell === ""))).toEqual([]);
});
