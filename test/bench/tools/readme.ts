import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const README = new URL("../../../README.md", import.meta.url);

/** The workspace's formatter, which aligns tables: the check refuses a page that it would change. */
const BIOME = fileURLToPath(new URL("../../../node_modules/.bin/biome", import.meta.url));

/** Puts a text between the markers `<!-- name:start -->` and `<!-- name:end -->`. */
export function replaceInReadme(name: string, text: string): void {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const readme = readFileSync(README, "utf8");
  const from = readme.indexOf(start);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no ${start} … ${end}`);
  const before = readme.slice(0, from + start.length);
  writeFileSync(README, `${before}\n${text}\n${readme.slice(to)}`);
  execFileSync(BIOME, ["format", "--write", fileURLToPath(README)], { stdio: "ignore" });
}
