import { readFileSync, writeFileSync } from "node:fs";

const README = new URL("../../../README.md", import.meta.url);

/** Puts a text between the markers `<!-- name:start -->` and `<!-- name:end -->`. */
export function replaceInReadme(name: string, text: string): void {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const readme = readFileSync(README, "utf8");
  const from = readme.indexOf(start);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no ${start} … ${end}`);
  const before = readme.slice(0, from + start.length);
  writeFileSync(README, `${before}\n${text}\n${readme.slice(to)}`);
}
