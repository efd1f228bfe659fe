// Packs every published package, as publishing would, into the folder that the checks read.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { relative } from "node:path";
import { pnpm, publishedPackages, root, run, tarballs } from "./workspace.mjs";

rmSync(tarballs, { recursive: true, force: true });
mkdirSync(tarballs, { recursive: true });
const chosen = publishedPackages().map(({ manifest }) => `--filter=${manifest.name}`);
const result = run([...pnpm(), ...chosen, "pack", "--pack-destination", tarballs], {
  stdio: "pipe",
});
if (result.status !== 0) {
  process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}\n`);
  process.exit(result.status || 1);
}
console.log(`Packed, in ${relative(root, tarballs)}: ${readdirSync(tarballs).join(", ")}`);
