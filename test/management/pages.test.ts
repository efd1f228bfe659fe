import { expect, it } from "vitest";
import { PROBLEMS } from "../../packages/server/src/endpoints/management/problem.ts";
import { read, tableBelow } from "../readme/snippets.ts";
import { bench } from "./bench.ts";

it("ERRORS.md lists every problem of the API with its status, in order", () => {
  const rows = tableBelow("packages/core/ERRORS.md", "Problems of the management API");
  const known = Object.entries(PROBLEMS).map(([code, problem]) => `${code} ${problem?.[0]}`);
  expect(rows.map(([code, status]) => `${code} ${status}`)).toEqual(known);
  expect(rows.filter((cells) => cells.some((cell) => cell === ""))).toEqual([]);
});

it("packages/server/README.md lists every operation, as the document has it", async () => {
  const { check, client } = await bench();
  const { body } = await client.get("/openapi.json");
  const described = check.operations.length;
  const actual = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(
      methods as Readonly<Record<string, { operationId: string; summary: string }>>,
    ).map(([method, { operationId, summary }]) => [
      operationId,
      `${method.toUpperCase()} ${path}`,
      summary.replaceAll("`", ""),
    ]),
  );
  expect(actual).toHaveLength(described);
  const rows = tableBelow("packages/server/README.md", "The management API");
  expect(rows.filter((cells) => /^[A-Z]+ \//.test(cells[1] ?? ""))).toEqual(actual);
});

it.each([
  ["management/management-api.ts", "ManagementOptions", "The management API"],
  ["management/stream-options.ts", "StreamOptions", "What changes, as it changes"],
  ["bootstrap-script.ts", "BootstrapOptions", "Flags in the browser"],
])("packages/server/README.md lists every option of %s", (file, name, heading) => {
  const source = read(`packages/server/src/endpoints/${file}`);
  const [, fields = ""] = new RegExp(`interface ${name}[^{]*\\{([^}]*)\\}`).exec(source) ?? [];
  const options = [...fields.matchAll(/^ {2}readonly (\w+)/gm)].map(([, option]) => option);
  expect(options.length).toBeGreaterThan(1);
  const rows = tableBelow("packages/server/README.md", heading);
  expect(rows.slice(0, options.length).map(([option]) => option)).toEqual(options);
});
