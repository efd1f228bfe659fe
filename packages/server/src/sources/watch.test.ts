import fs, {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type DefinitionSource, HalyardError } from "@halyard/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ended, startProgram } from "../../../../test/support/program.ts";
import { type FileSourceOptions, fileSource } from "./file-source.ts";

/** Called before the real function: throws what the system would. */
const faults = { watch: () => {}, readFileSync: () => {} };

// Not with `vi.mock`, which reaches no module that Node itself loads, as the built ones are.
const { watch, readFileSync } = fs;

beforeAll(() => {
  fs.watch = ((...args: Parameters<typeof watch>) => {
    faults.watch();
    return watch(...args);
  }) as typeof watch;
  fs.readFileSync = ((...args: Parameters<typeof readFileSync>) => {
    faults.readFileSync();
    return readFileSync(...args);
  }) as typeof readFileSync;
  syncBuiltinESMExports();
});

afterAll(() => {
  Object.assign(fs, { watch, readFileSync });
  syncBuiltinESMExports();
});

function fail(code: string): () => never {
  return () => {
    throw Object.assign(new Error(`${code}: for a test`), { code });
  };
}

let directory: string;
const stops: (() => void | Promise<void>)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "halyard-watch-"));
});

afterEach(async () => {
  vi.restoreAllMocks();
  faults.watch = () => {};
  faults.readFileSync = () => {};
  for (const stop of stops.splice(0)) await stop();
  rmSync(directory, { recursive: true, force: true });
});

const at = (name: string) => join(directory, name);

function put(name: string, content: string): void {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
}

/** Replaces a file as editors do. */
function replace(name: string, content: string): void {
  writeFileSync(at(`.${name.replaceAll("/", "_")}.tmp`), content);
  renameSync(at(`.${name.replaceAll("/", "_")}.tmp`), at(name));
}

/** Whether changes are seen by events, as usual, or by looking every few milliseconds alone. */
const EVENTS = { debounce: 20, pollInterval: 0 };
const POLL = { debounce: 20, pollInterval: 20 };

interface Followed {
  readonly source: DefinitionSource;
  /** Names of changed files, an entry a call. */
  readonly changes: string[][];
  readonly errors: unknown[];
  readonly stop: () => void | Promise<void>;
  /** What the last read after a change gave: the documents, or why it failed. */
  seen(): unknown;
}

/** Reads a source, and again whenever it tells of a change, as an instance does. */
function follow(path: string | string[], options: Partial<FileSourceOptions> = EVENTS): Followed {
  const paths = (typeof path === "string" ? [path] : path).map(at);
  const source = fileSource({ paths, ...options });
  const documents = () => source.readSync?.().map(({ document }) => document);
  let seen: unknown = documents();
  const changes: string[][] = [];
  const errors: unknown[] = [];
  const stop = source.watch?.({
    onChange: (what) => {
      changes.push(what.map((name) => name.slice(directory.length + 1)));
      try {
        seen = documents();
      } catch (error) {
        seen = error;
      }
    },
    onError: (error) => errors.push(error),
  });
  if (stop === undefined) throw new Error("does not watch");
  stops.push(stop);
  return { source, changes, errors, stop, seen: () => seen };
}

const until = (what: () => unknown) => expect.poll(what, { timeout: 5000, interval: 5 });

/** Long enough for the watch to have looked at everything that has happened so far. */
async function quiet(followed: Followed): Promise<void> {
  let count = -1;
  while (count !== followed.changes.length + followed.errors.length) {
    count = followed.changes.length + followed.errors.length;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

describe.each([
  ["events", EVENTS],
  ["poll", POLL],
] as const)("changes seen by %s", (mode, options) => {
  beforeEach(() => {
    if (mode === "poll") faults.watch = fail("ENOSYS");
  });

  test("a file written in place", async () => {
    put("a.yaml", "v: 1");
    const followed = follow("a.yaml", options);
    put("a.yaml", "v: 2");
    await until(followed.seen).toEqual([{ v: 2 }]);
    expect(followed.changes[0]).toEqual(["a.yaml"]);
  });

  test("a file replaced by renaming another, again and again", async () => {
    put("a.yaml", "v: 0");
    const followed = follow("a.yaml", options);
    for (let v = 1; v <= 5; v++) {
      replace("a.yaml", `v: ${v}`);
      await until(followed.seen).toEqual([{ v }]);
    }
  });

  test("a file deleted and made again", async () => {
    put("a.yaml", "v: 1");
    const followed = follow("a.yaml", options);
    unlinkSync(at("a.yaml"));
    await until(() => followed.errors).toHaveLength(1);
    expect(followed.errors[0]).toMatchObject({ code: "SOURCE_READ_FAILED" });
    put("a.yaml", "v: 2");
    await until(followed.seen).toEqual([{ v: 2 }]);
  });

  test("a file that is away for a while and comes back as it was", async () => {
    put("a.yaml", "v: 1");
    const followed = follow("a.yaml", options);
    renameSync(at("a.yaml"), at("b.yaml"));
    await until(() => followed.errors).toHaveLength(1);
    renameSync(at("b.yaml"), at("a.yaml"));
    // Who was told that there is nothing has to be told that there is something again.
    await until(() => followed.changes).toEqual([["a.yaml"]]);
  });

  test("half of a file, and then all of it", async () => {
    put("a.yaml", "v: 1");
    const followed = follow("a.yaml", options);
    put("a.yaml", "v: [2,");
    await until(followed.seen).toBeInstanceOf(HalyardError);
    put("a.yaml", "v: [2, 3]");
    await until(followed.seen).toEqual([{ v: [2, 3] }]);
  });

  test("a Kubernetes ConfigMap whose data directory is swapped", async () => {
    const publish = (version: number) => {
      put(`config/..v${version}/a.yaml`, `v: ${version}`);
      symlinkSync(`..v${version}`, at("config/..data_tmp"));
      renameSync(at("config/..data_tmp"), at("config/..data"));
      if (version > 1) rmSync(at(`config/..v${version - 1}`), { recursive: true });
    };
    publish(1);
    symlinkSync("..data/a.yaml", at("config/a.yaml"));
    const followed = follow("config", options);
    const single = follow("config/a.yaml", options);
    for (let v = 2; v <= 5; v++) {
      publish(v);
      await until(followed.seen).toEqual([{ v }]);
      await until(single.seen).toEqual([{ v }]);
    }
    expect(followed.changes[0]).toEqual(["config/a.yaml"]);
    expect(followed.errors).toEqual([]);
  });

  test("a link far above the file that is swapped", async () => {
    put("releases/1/app/flags/a.yaml", "v: 1");
    put("releases/2/app/flags/a.yaml", "v: 2");
    symlinkSync("releases/1", at("current"));
    const followed = follow("current/app/flags/*.yaml", options);
    symlinkSync("releases/2", at("next"));
    renameSync(at("next"), at("current"));
    await until(followed.seen).toEqual([{ v: 2 }]);
    put("releases/2/app/flags/a.yaml", "v: 3");
    await until(followed.seen).toEqual([{ v: 3 }]);
  });

  test("a directory, or one above it, that another takes the place of", async () => {
    put("x/flags/a.yaml", "v: 1");
    const followed = follow("x/flags", options);
    put("y/a.yaml", "v: 2");
    renameSync(at("x/flags"), at("old"));
    renameSync(at("y"), at("x/flags"));
    await until(followed.seen).toEqual([{ v: 2 }]);
    put("x/flags/a.yaml", "v: 3");
    await until(followed.seen).toEqual([{ v: 3 }]);
    put("z/flags/a.yaml", "v: 4");
    renameSync(at("x"), at("older"));
    renameSync(at("z"), at("x"));
    await until(followed.seen).toEqual([{ v: 4 }]);
    put("x/flags/a.yaml", "v: 5");
    await until(followed.seen).toEqual([{ v: 5 }]);
  });

  test("a directory removed and made again", async () => {
    put("x/flags/a.yaml", "v: 1");
    const followed = follow("x/flags", options);
    rmSync(at("x"), { recursive: true });
    await until(() => followed.errors.length).toBeGreaterThan(0);
    put("x/flags/a.yaml", "v: 2");
    await until(followed.seen).toEqual([{ v: 2 }]);
    put("x/flags/a.yaml", "v: 3");
    await until(followed.seen).toEqual([{ v: 3 }]);
  });

  test("files that come to a directory and leave it", async () => {
    put("flags/b.yaml", "v: 1");
    const followed = follow("flags", options);
    put("flags/a.yaml", "v: 2");
    await until(followed.seen).toEqual([{ v: 2 }, { v: 1 }]);
    unlinkSync(at("flags/b.yaml"));
    await until(followed.seen).toEqual([{ v: 2 }]);
    expect(followed.changes.flat()).toContain("flags/b.yaml");
    expect(followed.errors).toEqual([]);
    unlinkSync(at("flags/a.yaml"));
    await until(() => followed.errors).toHaveLength(1);
    put("flags/c.json", '{"v": 3}');
    await until(followed.seen).toEqual([{ v: 3 }]);
  });

  test("files in directories that a glob has not seen before", async () => {
    put("flags/a.yaml", "v: 1");
    const followed = follow("flags/**/*.yaml", options);
    put("flags/x/y/b.yaml", "v: 2");
    await until(followed.seen).toEqual([{ v: 1 }, { v: 2 }]);
    put("flags/x/y/b.yaml", "v: 3");
    await until(followed.seen).toEqual([{ v: 1 }, { v: 3 }]);
  });

  test("a change that leaves size and times as they were", async () => {
    put("a.yaml", "v: 1");
    const { atime, mtime } = statSync(at("a.yaml"));
    const followed = follow("a.yaml", options);
    put("a.yaml", "v: 2");
    utimesSync(at("a.yaml"), atime, mtime);
    await until(followed.seen).toEqual([{ v: 2 }]);
  });

  test("a thousand edits end in the last", async () => {
    put("a.yaml", "v: 0");
    put("b.yaml", "w: 0");
    const followed = follow(["a.yaml", "b.yaml"], options);
    for (let v = 1; v <= 1000; v++) {
      if (v % 3 === 0) replace("a.yaml", `v: ${v}`);
      else put("a.yaml", `v: ${v}`);
      if (v % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(followed.seen).toEqual([{ v: 1000 }, { w: 0 }]);
    expect(followed.changes.flat()).not.toContain("b.yaml");
  });
});

describe("hints and looks", () => {
  test("what is changed between the read and the watch is seen", async () => {
    put("a.yaml", "v: 1");
    const source = fileSource({ paths: at("a.yaml"), ...EVENTS });
    source.readSync?.();
    put("a.yaml", "v: 2");
    const changes: (readonly string[])[] = [];
    const stop = source.watch?.({
      onChange: (what) => changes.push(what),
      onError: (error) => expect.unreachable(String(error)),
    });
    if (stop !== undefined) stops.push(stop);
    await until(() => changes).toEqual([[at("a.yaml")]]);
  });

  test("nothing is told when nothing has changed", async () => {
    put("flags/a.yaml", "v: 1");
    const followed = follow("flags");
    put("flags/readme.md", "hello");
    put("other.yaml", "v: 1");
    await quiet(followed);
    expect(followed.changes).toEqual([]);
    expect(followed.errors).toEqual([]);
  });

  test("a stream of edits that does not end is read all the same", async () => {
    put("a.yaml", "v: 0");
    const followed = follow("a.yaml", { debounce: 300, pollInterval: 0 });
    const start = performance.now();
    const timer = setInterval(() => put("a.yaml", `v: ${performance.now()}`), 50);
    await until(() => followed.changes.length).toBeGreaterThan(0);
    clearInterval(timer);
    expect(performance.now() - start).toBeGreaterThan(300);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test("many edits within the debounce are one change", async () => {
    put("a.yaml", "v: 0");
    const followed = follow("a.yaml", { debounce: 200, pollInterval: 0 });
    await quiet(followed);
    for (let v = 1; v <= 20; v++) put("a.yaml", `v: ${v}`);
    await until(followed.seen).toEqual([{ v: 20 }]);
    await quiet(followed);
    expect(followed.changes).toHaveLength(1);
  });

  test("a read that fails is asked for again until it succeeds", async () => {
    put("a.yaml", "v: 1");
    const followed = follow("a.yaml", POLL);
    faults.readFileSync = fail("EIO");
    put("a.yaml", "v: 2");
    await until(() => followed.changes.length).toBeGreaterThan(1);
    expect(followed.seen()).toMatchObject({ code: "SOURCE_READ_FAILED" });
    faults.readFileSync = () => {};
    await until(followed.seen).toEqual([{ v: 2 }]);
    await quiet(followed);
    const { length } = followed.changes;
    await quiet(followed);
    expect(followed.changes).toHaveLength(length);
  });

  test("a listener that throws does not end the watch", async () => {
    put("a.yaml", "v: 1");
    const source = fileSource({ paths: at("a.yaml"), ...EVENTS });
    source.readSync?.();
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    let calls = 0;
    const stop = source.watch?.({
      onChange: () => {
        calls++;
        throw new Error("listener");
      },
      onError: () => {},
    });
    if (stop !== undefined) stops.push(stop);
    put("a.yaml", "v: 2");
    await until(() => calls).toBe(1);
    put("a.yaml", "v: 3");
    await until(() => calls).toBe(2);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("listener"), expect.anything());
  });
});

describe("limits of the kernel", () => {
  beforeEach(() => {
    faults.watch = fail("ENOSPC");
  });

  test("leave the poll, and are told once", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    put("a.yaml", "v: 1");
    const followed = follow("a.yaml", POLL);
    for (let v = 2; v < 5; v++) {
      put("a.yaml", `v: ${v}`);
      await until(followed.seen).toEqual([{ v }]);
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining("fs.inotify.max_user_watches"),
      expect.objectContaining({ code: "HALYARD_WATCH_LIMIT" }),
    );
    expect(followed.errors).toEqual([]);
  });

  test("are an error where there is no poll", async () => {
    put("a.yaml", "v: 1");
    const followed = follow("a.yaml", EVENTS);
    await until(() => followed.errors).toMatchObject([{ code: "SOURCE_READ_FAILED" }]);
  });
});

describe("the end", () => {
  test("no callback comes after stop, which may be called twice", async () => {
    put("a.yaml", "v: 1");
    const followed = follow("a.yaml", { debounce: 20, pollInterval: 20 });
    await quiet(followed);
    put("a.yaml", "v: 2");
    followed.stop();
    followed.stop();
    unlinkSync(at("a.yaml"));
    await quiet(followed);
    expect([...followed.changes, ...followed.errors]).toEqual([]);
  });

  test("stop in the middle of the first look", async () => {
    put("a.yaml", "v: 1");
    const watch = vi.spyOn(faults, "watch");
    const followed = follow("a.yaml");
    followed.stop();
    put("a.yaml", "v: 2");
    await quiet(followed);
    expect(watch).not.toHaveBeenCalled();
    expect(followed.changes).toEqual([]);
  });

  test.runIf(process.platform === "linux")("no descriptor or watch is left", async () => {
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const watches = () => {
      const { libuv } = process.report.getReport() as unknown as { libuv: { type: string }[] };
      return libuv.filter(({ type }) => type === "fs_event").length;
    };
    put("x/flags/a.yaml", "v: 0");
    // Whatever the runtime opens once and keeps is open after the first round.
    const warmUp = follow("x/flags");
    await quiet(warmUp);
    warmUp.stop();
    const [before, watchesBefore] = [descriptors(), watches()];
    const followed = follow("x/flags");
    await quiet(followed);
    const [during, watchesDuring] = [descriptors(), watches()];
    for (let v = 1; v <= 300; v++) {
      if (v % 10 === 0) rmSync(at("x"), { recursive: true });
      put("x/flags/a.yaml", `v: ${v}`);
      if (v % 10 === 0) await until(followed.seen).toEqual([{ v }]);
    }
    await until(followed.seen).toEqual([{ v: 300 }]);
    await quiet(followed);
    expect(descriptors()).toBe(during);
    expect(watches()).toBe(watchesDuring);
    followed.stop();
    await until(descriptors).toBe(before);
    await until(watches).toBe(watchesBefore);
  });

  test("nothing keeps the process alive", async () => {
    put("a.yaml", "v: 1");
    const code = `
      import { fileSource } from "@halyard/server";
      const source = fileSource({ paths: ${JSON.stringify(at("a.yaml"))}, pollInterval: 50 });
      source.readSync();
      source.watch({ onChange() {}, onError() {} });
      setTimeout(() => console.log("watched"), 300);
    `;
    const { stdout } = await ended(await startProgram(code));
    expect(stdout).toBe("watched\n");
  });
});
