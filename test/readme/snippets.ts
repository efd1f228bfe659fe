import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/**
 * A fenced block of a page. A comment right above it says what its test does beyond the usual
 * (TypeScript is type-checked, YAML is loaded):
 *
 * - `<!-- run -->` runs it to its end and holds its claims (`expression; // → value`) against what
 *   happens. `<!-- run NAME=value -->` sets a variable of the environment.
 * - `<!-- serve -->` starts it, and makes the requests of the `console` block behind it.
 * - `<!-- file: name -->` writes it beside the snippets that follow.
 * - `<!-- message of: name -->` holds it against the error that a bad file leads to.
 */
export interface Snippet {
  /** Path from the root. */
  readonly page: string;
  /** Of the first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  readonly directive: string;
}

export const pages: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...["packages", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}/README.md`)
      .filter((page) => existsSync(join(root, page))),
  ),
];

export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export function snippetsOf(page: string): Snippet[] {
  const found: Snippet[] = [];
  let above = "";
  let open: { language: string; line: number; code: string[] } | undefined;
  for (const [index, text] of read(page).split("\n").entries()) {
    const fence = /^```(\w*)/.exec(text);
    if (open !== undefined && fence === null) open.code.push(text);
    else if (open !== undefined) {
      const directive = /^<!--\s*(.+?)\s*-->$/.exec(above)?.[1] ?? "";
      const { language, line } = open;
      found.push({ page, line, language, code: `${open.code.join("\n")}\n`, directive });
      open = undefined;
      above = "";
    } else if (fence !== null) open = { language: fence[1] ?? "", line: index + 2, code: [] };
    else if (text.trim() !== "") above = text.trim();
  }
  return found;
}

/** The rows of the table that follows a heading: its cells, without back quotes and links. */
export function tableBelow(page: string, heading: string): string[][] {
  const lines = read(page).split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.endsWith(` ${heading}`));
  if (start < 0) throw new Error(`${page} has no heading "${heading}"`);
  const end = lines.findIndex((line, index) => index > start && line.startsWith("#"));
  return lines
    .slice(start, end < 0 ? undefined : end)
    .filter((line) => line.startsWith("|") && !/^\|[\s|:-]+\|$/.test(line))
    .slice(1)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) =>
          cell
            .replaceAll("\\|", "|")
            .replaceAll(/`|\[|\]\([^)]*\)/g, "")
            .trim(),
        ),
    );
}
