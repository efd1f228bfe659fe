// What the scripts beside this one share: where things are, the packages, starting a program.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Where `pack.mjs` leaves the tarballs that the packaging checks look at. */
export const tarballs = join(root, "node_modules", ".halyard", "tarballs");

export function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** The packages that get published, each after those that it depends on. */
export function publishedPackages() {
  const found = new Map();
  for (const name of readdirSync(join(root, "packages"))) {
    const folder = join(root, "packages", name);
    if (!existsSync(join(folder, "package.json"))) continue;
    const manifest = readJson(join(folder, "package.json"));
    if (!manifest.private) found.set(manifest.name, { folder, manifest });
  }
  const ordered = new Set();
  const visit = (entry) => {
    const { dependencies, peerDependencies } = entry.manifest;
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const dependency = found.get(name);
      if (dependency && !ordered.has(dependency)) visit(dependency);
    }
    ordered.add(entry);
  };
  for (const entry of found.values()) visit(entry);
  return [...ordered];
}

/** npm as the command and arguments to start it: the one that runs this script, if npm does. */
export function npm() {
  const running = process.env.npm_execpath;
  if (running && /npm-cli\.c?js$/.test(running)) return [process.execPath, running];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

/** The command for the pnpm that package.json names; npm fetches it when it is not there yet. */
export function pnpm() {
  const { packageManager } = readJson(join(root, "package.json"));
  return [...npm(), "exec", "--yes", `--package=${packageManager}`, "--", "pnpm"];
}

/** Runs a program from the workspace root, with the workspace's own tools on the path. */
export function run([command, ...args], options = {}) {
  const path = [join(root, "node_modules", ".bin"), process.env.PATH].join(delimiter);
  return spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    encoding: "utf8",
    shell: process.platform === "win32",
    ...options,
    env: { ...process.env, PATH: path, ...options.env },
  });
}
