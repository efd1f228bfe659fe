import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../readme/snippets.ts";

// Grafana's schema of dashboards comes as types of its own package, so that a compiler has to look.

const text = readFileSync(join(root, "packages/exporters/dashboard/grafana.json"), "utf8");

/** What the compiler says to a dashboard. */
function complaints(dashboard: string): string {
  const folder = mkdtempSync(join(tmpdir(), "halyard-dashboard-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
    const file = join(folder, "dashboard.ts");
    writeFileSync(
      file,
      `import type { Dashboard } from "@grafana/schema";
       // Its enumerations, as JSON writes them.
       type Plain<T> = T extends string ? \`\${T}\`
         : T extends readonly (infer Item)[] ? Plain<Item>[]
         : T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T;
       export const dashboard: Plain<Dashboard> = ${dashboard};`,
    );
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const options =
      "--noEmit --strict --module nodenext --target es2022 --skipLibCheck --pretty false";
    const { stdout } = spawnSync(process.execPath, [tsc, ...options.split(" "), file], {
      encoding: "utf8",
      cwd: folder,
    });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it("the dashboard fits Grafana's schema", { timeout: 60_000 }, () => {
  expect(complaints(text)).toBe("");
});

it.each([
  ['"gridPos"', '"gridPosition"'],
  ['"fieldConfig": {', '"fieldConfig": 1, "x": {'],
  ['"editable": true', '"editable": "yes"'],
])("with %s as %s it would not", { timeout: 60_000 }, (right, wrong) => {
  expect(text).toContain(right);
  expect(complaints(text.replace(right, wrong))).toMatch(/error TS/);
});
