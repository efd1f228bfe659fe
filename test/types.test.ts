import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

// Each folder is an application that registers its flags. What must not compile is marked there.
const folder = fileURLToPath(new URL("types", import.meta.url));
const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));

it.each(readdirSync(folder))(
  "the flags of an application with %s are typed",
  (name) => {
    const project = join(folder, name);
    const { stdout, status } = spawnSync(
      process.execPath,
      [tsc, "-p", project, "--pretty", "false"],
      { encoding: "utf8" },
    );
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  },
  60_000,
);
