// Changes the core's sources in small ways and runs its tests against each change: one that no test
// notices shows what is not tested. `npm run mutation`, or for some files only
// `npm run mutation -- 'packages/core/src/overrides/*.ts'`. Not in the workspace: its packages are
// many, and are installed when it is first run.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const stryker = join(here, "node_modules/@stryker-mutator/core/bin/stryker.js");

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

// Without the peers, for the workspace's own Vitest is the one to use.
if (!existsSync(stryker)) run("npm", ["ci", "--legacy-peer-deps", "--no-audit", "--no-fund"], here);

const files = process.argv.slice(2);
const only = files.length === 0 ? [] : ["--mutate", [...files, "!**/*.test.ts"].join(",")];
run(process.execPath, [stryker, "run", join(here, "stryker.config.json"), ...only], root);
