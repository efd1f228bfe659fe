import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { HalyardError } from "@halyard/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FileSource, type FileSourceOptions, fileSource } from "./file-source.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "halyard-files-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const at = (name: string) => join(directory, name);

function put(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
}

function sourceOf(paths: string | readonly string[], options: Partial<FileSourceOptions> = {}) {
  const list = typeof paths === "string" ? [paths] : paths;
  return fileSource({ paths: list.map(at), ...options });
}

/** What both ways of reading give; they must not differ. */
async function filesOf(source: FileSource): Promise<Record<string, unknown>> {
  const blocking = source.readSync() ?? [];
  const documents = await source.read();
  expect(documents.map(({ name }) => name)).toEqual(blocking.map(({ name }) => name));
  return Object.fromEntries(
    documents.map(({ name, document }) => [name.slice(directory.length + 1), document]),
  );
}

/** What both ways of reading throw. */
async function faultOf(source: FileSource): Promise<HalyardError> {
  const caught: unknown[] = [];
  try {
    source.readSync();
  } catch (error) {
    caught.push(error);
  }
  await source.read().catch((error: unknown) => caught.push(error));
  const [first, second] = caught;
  if (!(first instanceof HalyardError) || !(second instanceof HalyardError)) {
    throw new Error(`no fault: ${String(first)}, ${String(second)}`);
  }
  expect([second.code, second.message]).toEqual([first.code, first.message]);
  return first;
}

describe("which files", () => {
  test("one file, by its path as configured", async () => {
    put("features.yaml", "flags: { a: true }");
    expect(await filesOf(sourceOf("features.yaml"))).toEqual({
      "features.yaml": { flags: { a: true } },
    });
  });

  test("a path relative to the working directory of then", () => {
    const source = fileSource("package.json");
    const before = process.cwd();
    process.chdir(directory);
    try {
      expect(source.readSync()[0]?.name).toBe("package.json");
    } finally {
      process.chdir(before);
    }
  });

  test("several in the order in which they are configured", async () => {
    for (const name of ["b.yaml", "a.json", "c.yml"]) put(name, "{}");
    const files = await filesOf(sourceOf(["b.yaml", "a.json", "c.yml"]));
    expect(Object.keys(files)).toEqual(["b.yaml", "a.json", "c.yml"]);
  });

  test("those of a directory, sorted, without dotfiles, others and subdirectories", async () => {
    for (const name of ["b.yaml", "A.YML", "a.json", ".hidden.yaml", "readme.md", "sub/c.yaml"]) {
      put(join("flags", name), "{}");
    }
    mkdirSync(at("flags/directory.yaml"));
    const files = await filesOf(sourceOf("flags"));
    expect(Object.keys(files)).toEqual(["flags/A.YML", "flags/a.json", "flags/b.yaml"]);
  });

  test("those of a glob, as deep as it says", async () => {
    for (const name of ["a.yaml", "b.json", "x/c.yaml", "x/y/d.yaml", ".x/e.yaml", "f.txt"]) {
      put(join("flags", name), "{}");
    }
    const of = async (glob: string) => Object.keys(await filesOf(sourceOf(glob)));
    expect(await of("flags/*")).toEqual(["flags/a.yaml", "flags/b.json"]);
    expect(await of("flags/*.yaml")).toEqual(["flags/a.yaml"]);
    expect(await of("flags/*/*.yaml")).toEqual(["flags/x/c.yaml"]);
    expect(await of("flags/**/*.yaml")).toEqual([
      "flags/a.yaml",
      "flags/x/c.yaml",
      "flags/x/y/d.yaml",
    ]);
    expect(await of("flags/{a,x/c}.yaml")).toEqual(["flags/a.yaml", "flags/x/c.yaml"]);
  });

  test("a file whose name looks like a glob", async () => {
    put("flags[1].yaml", "{}");
    expect(Object.keys(await filesOf(sourceOf("flags[1].yaml")))).toEqual(["flags[1].yaml"]);
  });

  test("a Kubernetes ConfigMap loads each of its files once", async () => {
    put("..2024_01_01/features.yaml", "{}");
    symlinkSync("..2024_01_01", at("..data"));
    symlinkSync("..data/features.yaml", at("features.yaml"));
    expect(Object.keys(await filesOf(sourceOf("")))).toEqual(["features.yaml"]);
    expect(Object.keys(await filesOf(sourceOf("**/*.yaml")))).toEqual(["features.yaml"]);
  });

  test("the same file by several names loads once, where it is named last", async () => {
    put("a.yaml", "{}");
    put("b.yaml", "{}");
    symlinkSync("a.yaml", at("c.yaml"));
    expect(Object.keys(await filesOf(sourceOf(["a.yaml", "", "b.yaml"])))).toEqual([
      "c.yaml",
      "b.yaml",
    ]);
  });

  test("links that lead in circles end", async () => {
    put("flags/a.yaml", "{}");
    symlinkSync("..", at("flags/up"));
    expect(Object.keys(await filesOf(sourceOf("flags/**/*.yaml")))).toEqual(["flags/a.yaml"]);
  });
});

describe("what is handed on", () => {
  test("section and delimiter", () => {
    put("a.yaml", "features: {}");
    const [document] =
      sourceOf("a.yaml", { section: "features", delimiter: "-" }).readSync?.() ?? [];
    expect(document).toMatchObject({ section: "features", delimiter: "-" });
  });

  test("positions, for as long as the document is in use", () => {
    put("a.yaml", "flags:\n  a:\n    type: bool\n");
    const [document] = sourceOf("a.yaml").readSync?.() ?? [];
    truncateSync(at("a.yaml"));
    expect(document?.locate?.("/flags/a/type")).toEqual({ line: 3, column: 5 });
  });

  test("the same objects for what has not changed", async () => {
    put("a.yaml", "flags:\n  a: { percentage: 1 }\n  b: { percentage: 2 }\n");
    put("b.yaml", "flags: {}\n");
    const source = sourceOf("");
    const before = await source.read();
    put("a.yaml", "flags:\n  a: { percentage: 1 }\n  b: { percentage: 3 }\n");
    const after = await source.read();
    const flags = (documents: typeof before) => {
      const { document } = documents[0] ?? expect.unreachable();
      return (document as { flags: Record<string, unknown> }).flags;
    };
    expect(after[1]).toBe(before[1]);
    expect(flags(after).a).toBe(flags(before).a);
    expect(flags(after).b).toEqual({ percentage: 3 });
    expect(flags(before).b).toEqual({ percentage: 2 });
  });

  test("names", () => {
    expect(fileSource("a.yaml").name).toBe("a.yaml");
    expect(fileSource({ paths: ["a.yaml", "b"] }).name).toBe("a.yaml, b");
    expect(fileSource({ paths: "a.yaml", name: "flags" }).name).toBe("flags");
    expect(fileSource({ paths: "a.yaml", watch: false }).watch).toBeUndefined();
  });
});

describe("what can't be had", () => {
  test("a missing file is named as configured, and what to do", async () => {
    const fault = await faultOf(sourceOf("nope.yaml"));
    expect(fault.code).toBe("SOURCE_READ_FAILED");
    expect(fault.message).toMatch(/nope\.yaml is not there\. Create it, or correct/);
    expect(() => fileSource("nope.yaml").readSync?.()).toThrow(
      `nope.yaml is not there (${join(process.cwd(), "nope.yaml")}).`,
    );
  });

  test("all that is missing is named at once", async () => {
    put("a.yaml", "{}");
    const { message } = await faultOf(sourceOf(["x.yaml", "a.yaml", "y.yaml"]));
    expect(message).toMatch(/x\.yaml is not there.*\n.*y\.yaml is not there/);
  });

  test.each(["flags", "flags/*.yaml", "flags/**"])("%s without any file", async (path) => {
    mkdirSync(at("flags"));
    put("flags/readme.md", "");
    const fault = await faultOf(sourceOf(path));
    expect(fault.code).toBe("SOURCE_READ_FAILED");
    expect(fault.message).toMatch(/(holds no|matches no) \*\.yaml, \*\.yml and \*\.json file/);
  });

  test("a directory or glob that is not there", async () => {
    expect((await faultOf(sourceOf("nowhere/*.yaml"))).message).toContain("nowhere is not there");
    expect((await faultOf(sourceOf("nowhere/a.yaml"))).code).toBe("SOURCE_READ_FAILED");
  });

  test("a link that leads nowhere, in a directory", async () => {
    put("flags/a.yaml", "{}");
    symlinkSync("gone.yaml", at("flags/b.yaml"));
    expect((await faultOf(sourceOf("flags"))).message).toContain("flags/b.yaml is not there");
  });

  test("a file that is too large", async () => {
    put("a.yaml", "flags: {}");
    const fault = await faultOf(sourceOf("a.yaml", { maxFileSize: 8 }));
    expect(fault.message).toMatch(/a\.yaml has 9 bytes, more than the 8 .* Split it, or raise/);
  });

  test.skipIf(process.getuid?.() === 0)("a file that is closed to us", async () => {
    put("a.yaml", "flags: {}");
    chmodSync(at("a.yaml"), 0o000);
    expect((await faultOf(sourceOf("a.yaml"))).message).toContain("permission denied");
  });

  test.skipIf(process.platform === "win32")("a device, which might never end", async () => {
    symlinkSync("/dev/zero", at("a.yaml"));
    expect((await faultOf(sourceOf("a.yaml"))).message).toContain("neither a file nor a directory");
  });

  test("kinds of files that are not supported", async () => {
    put("flags.toml", "");
    const fault = await faultOf(sourceOf("flags.toml"));
    expect(fault.code).toBe("INVALID_DEFINITIONS");
    expect(fault.message).toContain("files of flags are *.yaml, *.yml and *.json");
  });

  test("problems of all files are told at once, with their places", async () => {
    put("a.yaml", "flags:\n  a: true\n  a: true\n");
    put("b.json", '{\n"flags": }');
    put("c.yaml", "");
    const fault = await faultOf(sourceOf(""));
    expect(fault.code).toBe("INVALID_DEFINITIONS");
    expect(fault.problems).toMatchObject([
      { source: at("a.yaml"), line: 3, column: 3, path: "/flags/a" },
      { source: at("b.json"), line: 2, column: 10 },
      { source: at("c.yaml"), message: expect.stringContaining("is empty") },
    ]);
  });

  test("a good read after bad ones", async () => {
    const source = sourceOf("a.yaml");
    await faultOf(source);
    put("a.yaml", "[");
    await faultOf(source);
    put("a.yaml", "flags: {}");
    expect(await filesOf(source)).toEqual({ "a.yaml": { flags: {} } });
  });
});

describe("options", () => {
  test.each([
    [{}, "needs `paths`"],
    [{ paths: [] }, "needs `paths`"],
    [{ paths: ["a", ""] }, "needs `paths`"],
    [{ paths: "a", interval: 5 }, 'has no option "interval"'],
    [{ paths: "a", debounce: -1 }, "milliseconds as `debounce`, not -1"],
    [{ paths: "a", pollInterval: Number.NaN }, "milliseconds as `pollInterval`"],
    [{ paths: "a", maxFileSize: 0 }, "bytes as `maxFileSize`, not 0"],
    [undefined, "takes a path or an object"],
  ])("%j: %s", (options, message) => {
    const make = () => fileSource(options as FileSourceOptions);
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }));
  });
});

describe("a large file", () => {
  const rules = Array.from({ length: 5 }, (_, i) => ({ when: [{ attribute: "a", values: [i] }] }));
  const flags = Object.fromEntries(Array.from({ length: 8000 }, (_, i) => [`f${i}`, { rules }]));

  // Again where another process had the processor: that holds up the event loop too.
  test("does not hold up the event loop", { retry: 3 }, async () => {
    put("big.json", JSON.stringify({ flags, segments: {} }));
    const source = sourceOf("big.json");
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const documents = await source.read();
    delay.disable();
    expect(documents[0]?.document).toEqual({ flags, segments: {} });
    expect(documents[0]?.locate?.("/flags/f7999/rules/4")?.line).toBe(1);
    expect(delay.max / 1e6).toBeLessThan(50);
  });

  test("has its problems told with their lines", async () => {
    const lines = Object.keys(flags).map((key) => `  ${key}: { x: 1, y: 2 }`);
    put("big.yaml", `flags:\n${lines.join("\n")}\n${"# filler\n".repeat(20_000)}  f3: true\n`);
    const fault = await faultOf(sourceOf("big.yaml"));
    expect(fault.problems).toMatchObject([{ path: "/flags/f3", line: 28_002, column: 3 }]);
  });
});
