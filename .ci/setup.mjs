// Installs the workspace with the pnpm version that package.json names, on a machine that has only
// Node and npm. Does nothing when the last install was made from the same files.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "node_modules", ".halyard-setup");

const inputs = [
  "package.json",
  "pnpm-workspace.yaml",
  "pnpm-lock.yaml",
  ...["packages", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}/package.json`),
  ),
].filter((file) => existsSync(join(root, file)));

function fingerprint() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of inputs) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** npm as the command and arguments to start it: the one that runs this script, if npm does. */
function npm() {
  const running = process.env.npm_execpath;
  if (running && /npm-cli\.c?js$/.test(running)) return [process.execPath, running];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

const wanted = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  console.error(`Installing dependencies with ${packageManager} …`);
  const [command, ...args] = npm();
  const result = spawnSync(
    command,
    [...args, "exec", "--yes", `--package=${packageManager}`, "--"].concat([
      "pnpm",
      "install",
      "--frozen-lockfile",
      "--reporter=append-only",
    ]),
    // CI=true: never ask a question, for instance before node_modules is laid anew.
    {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, CI: "true" },
      shell: command === "npm.cmd",
    },
  );
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}\n`);
    process.exit(result.status || 1);
  }
  writeFileSync(stamp, wanted);
}
