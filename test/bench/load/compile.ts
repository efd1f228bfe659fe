// One cold load: checks and compiles 10,000 parsed flags, and tells the time and what stays.
import { existsSync, readFileSync } from "node:fs";
import { compileSnapshot, loadDefinitions, runToEnd } from "@halyard/core";
import { manyFlags } from "./flags.ts";

/** Milliseconds that this thread has worked, where the system tells. */
function mainThread(): number {
  const file = `/proc/self/task/${process.pid}/schedstat`;
  return existsSync(file) ? Number.parseInt(readFileSync(file, "utf8"), 10) / 1e6 : Number.NaN;
}

const collect = globalThis.gc ?? (() => undefined);

// Parsed from text, as a file's are: objects made by code have other hidden classes.
const text = JSON.stringify(manyFlags(10_000));
collect();
const empty = process.memoryUsage().heapUsed;
const document: unknown = JSON.parse(text);
collect();
const before = process.memoryUsage().heapUsed;
const worked = mainThread();
const start = performance.now();
const documents = [{ name: "flags.json", document }];
const loaded = runToEnd(loadDefinitions([{ source: "file", documents }]));
const checked = performance.now();
if (loaded.set === undefined) throw new Error(JSON.stringify(loaded.problems[0]));
const snapshot = runToEnd(compileSnapshot(loaded.set));
const end = performance.now();
const work = mainThread() - worked;
collect();
const retained = process.memoryUsage().heapUsed - before;
process.send?.({
  work,
  check: checked - start,
  compile: end - checked,
  retained,
  document: before - empty,
  flags: snapshot.flags.size,
});
// Both are held by whoever loads them.
if (documents.length + snapshot.flags.size === 0) process.exitCode = 1;
