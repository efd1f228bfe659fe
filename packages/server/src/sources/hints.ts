import { basename, dirname, join, parse, resolve, sep } from "node:path";
import picomatch from "picomatch";
import type { ConfiguredPath, Discovery } from "./discover.ts";
import { type Io, linkStatOf, linkTargetOf } from "./io.ts";

/** Names in a directory whose change is of interest; `undefined`: any name. */
export type Hints = ReadonlyMap<string, ReadonlySet<string> | undefined>;

/** As many as Linux follows in one path. */
const MAX_LINKS = 40;

/**
 * The directories in which something happens when the configured files change: the directories of
 * the files; and, since any directory above may be replaced or be a symbolic link that is swapped,
 * each directory on the way there and behind the links. A missing one ends the way: its appearing
 * is what there is to see.
 */
export function* hintsOf(paths: readonly ConfiguredPath[], discovery: Discovery): Io<Hints> {
  const hints = new Map<string, Set<string> | undefined>();
  const add = (directory: string, name: string | undefined) => {
    const names = hints.get(directory);
    if (name === undefined) hints.set(directory, undefined);
    else if (names !== undefined) names.add(name);
    else if (!hints.has(directory)) hints.set(directory, new Set([name]));
  };
  for (const { name, base } of paths) {
    const path = resolve(base, name);
    const isGlob = picomatch.scan(name).isGlob;
    yield* follow(path, add);
    if (isGlob) yield* follow(resolve(base, picomatch.scan(name).base), add);
  }
  const real = new Map<string, string>();
  for (const directory of discovery.directories) {
    const target = yield* follow(directory, add);
    if (target === undefined) continue;
    real.set(directory, target);
    add(target, undefined);
  }
  for (const { path, realPath } of discovery.files) {
    const directory = real.get(dirname(path));
    const isLink = directory === undefined || join(directory, basename(path)) !== realPath;
    if (isLink) yield* follow(path, add);
  }
  return hints;
}

/** Where a path leads, step by step; `undefined` when it leads nowhere. */
function* follow(
  path: string,
  step: (directory: string, name: string) => void,
): Io<string | undefined> {
  let { root: current } = parse(path);
  let pending = path.slice(current.length).split(sep);
  for (let links = 0; links <= MAX_LINKS; ) {
    const name = pending.shift();
    if (name === undefined) return current;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      current = dirname(current);
      continue;
    }
    step(current, name);
    const next = join(current, name);
    try {
      const stats = yield* linkStatOf(next);
      if (!stats.isSymbolicLink()) {
        current = next;
        continue;
      }
      const target = yield* linkTargetOf(next);
      const { root } = parse(target);
      if (root !== "") current = root;
      pending = [...target.slice(root.length).split(sep), ...pending];
      links++;
    } catch {
      // Missing or closed to us: the read says so, this only looks for where to wait.
      return undefined;
    }
  }
  return undefined;
}
