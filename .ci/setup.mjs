// Installs the workspace with the pnpm version that package.json names, on a machine that has only
// Node and npm. Does nothing when the last install was made from the same files.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pnpm, readJson, root, run } from "./workspace.mjs";

const stamp = join(root, "node_modules", ".halyard-setup");

function fingerprint() {
  const members = ["packages", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}/package.json`),
  );
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml", ...members]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

const wanted = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  const { packageManager } = readJson(join(root, "package.json"));
  console.error(`Installing dependencies with ${packageManager} …`);
  const result = run([...pnpm(), "install", "--frozen-lockfile", "--reporter=append-only"], {
    stdio: "pipe",
    // Never ask a question, for instance before node_modules is laid anew.
    env: { CI: "true" },
  });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}\n`);
    process.exit(result.status || 1);
  }
  writeFileSync(stamp, wanted);
}
