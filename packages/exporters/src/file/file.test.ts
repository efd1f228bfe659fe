import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { exporterSuite, exposure, exposures } from "@halyard/testing/exporter";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type FileExporterOptions, fileExporter } from "../file.ts";

// A busy machine may take long for what is over at once.
vi.setConfig({ testTimeout: 30_000 });

const root = mkdtempSync(join(tmpdir(), "halyard-events-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => {
  vi.useRealTimers();
});

let folders = 0;
function place(): string {
  folders++;
  return join(root, String(folders), "events.jsonl");
}

const { signal } = new AbortController();
const linesIn = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);

exporterSuite(
  {
    name: "a file",
    create: async () => {
      const path = place();
      const away = `${path}.away`;
      return {
        open: () => fileExporter({ path }),
        read: async () => (existsSync(path) ? linesIn(path) : []),
        // The disk is full.
        fail: async () => {
          renameSync(path, away);
          symlinkSync("/dev/full", path);
        },
        mend: async () => renameSync(away, path),
        remove: async () => {},
      };
    },
  },
  { describe, it },
);

const line = exposure(0).json.length + 1;

/** An exporter that has written `count` events, one at a time. */
async function written(options: FileExporterOptions, count: number) {
  const exporter = fileExporter(options);
  for (let index = 0; index < count; index++) await exporter.export([exposure(index)], signal);
  return exporter;
}

it("keeps the events of all exporters in a process that write to one file", async () => {
  const path = place();
  const writers = [0, 1, 2].map(() => fileExporter({ path, maxSize: line * 10, maxFiles: 100 }));
  const ids = Array.from({ length: 300 }, (_, index) => index);
  await Promise.all(
    writers.map(async (writer, first) => {
      for (let index = first; index < ids.length; index += writers.length) {
        await writer.export([exposure(index)], signal);
      }
      await writer.close?.();
    }),
  );
  const files = readdirSync(dirname(path)).map((name) => join(dirname(path), name));
  const lines = files.flatMap(linesIn);
  expect(lines.toSorted()).toEqual(ids.map((index) => exposure(index).json).toSorted());
});

describe("a file of events", () => {
  it("is for its owner alone", async () => {
    const path = place();
    await (await written({ path }, 1)).close?.();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("is replaced before it is too large, and the oldest goes", async () => {
    const path = place();
    await (await written({ path, maxSize: line * 3, maxFiles: 2 }, 10)).close?.();
    const folder = join(path, "..");
    expect(readdirSync(folder).toSorted()).toEqual([
      "events.jsonl",
      "events.jsonl.1",
      "events.jsonl.2",
    ]);
    const ids = [`${path}.2`, `${path}.1`, path].map((file) =>
      linesIn(file).map((json) => JSON.parse(json).id),
    );
    expect(ids).toEqual([["id-3", "id-4", "id-5"], ["id-6", "id-7", "id-8"], ["id-9"]]);
  });

  it("is replaced when it is too old, and not when it is empty", async () => {
    const path = place();
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(Date.now());
    const exporter = await written({ path, maxAge: 60_000 }, 2);
    expect(linesIn(path)).toHaveLength(2);
    vi.setSystemTime(Date.now() + 61_000);
    await exporter.export([exposure(2)], signal);
    await exporter.close?.();
    expect(linesIn(path)).toHaveLength(1);
    expect(linesIn(`${path}.1`)).toHaveLength(2);
  });

  it("takes a batch that is larger than a file", async () => {
    const path = place();
    const exporter = fileExporter({ path, maxSize: line });
    await exporter.export(exposures(0, 10), signal);
    await exporter.close?.();
    expect(linesIn(path)).toHaveLength(10);
  });

  it("begins a line of its own after one that a crash has torn", async () => {
    const path = place();
    await (await written({ path }, 1)).close?.();
    appendFileSync(path, '{"half":');
    await (await written({ path }, 1)).close?.();
    const [first, torn, last] = linesIn(path);
    expect([first, torn, last]).toEqual([exposure(0).json, '{"half":', exposure(0).json]);
  });

  it("follows a file that somebody has moved, removed or cut", async () => {
    const path = place();
    const exporter = await written({ path }, 1);
    renameSync(path, `${path}.rotated`);
    await exporter.export([exposure(1)], signal);
    expect(linesIn(path)).toEqual([exposure(1).json]);
    rmSync(path);
    await exporter.export([exposure(2)], signal);
    expect(linesIn(path)).toEqual([exposure(2).json]);
    truncateSync(path, 0);
    await exporter.export([exposure(3)], signal);
    expect(linesIn(path)).toEqual([exposure(3).json]);
    await exporter.close?.();
  });

  it("fails where there can be none, and says where", async () => {
    const path = join(place(), "..", "..", "blocked");
    writeFileSync(path, "");
    const exporter = fileExporter({ path: join(path, "events.jsonl") });
    await expect(exporter.export(exposures(0, 1), signal)).rejects.toMatchObject({
      code: "EXPORT_FAILED",
      message: expect.stringMatching(/blocked.events\.jsonl can't be written: (ENOTDIR|EEXIST)$/),
    });
    await exporter.close?.();
  });
});

const disk = join(root, "disk");

/** A disk of 64 KB, where tests may make one. */
function mountDisk(): boolean {
  try {
    execFileSync("mkdir", ["-p", disk]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isMounted = mountDisk();

describe.skipIf(!isMounted)("a disk that is full (needs the right to mount one)", () => {
  beforeAll(() => () => void execFileSync("umount", [disk]));

  it("has whole batches alone, and takes more when there is room again", async () => {
    const path = join(disk, "events.jsonl");
    const ballast = join(disk, "ballast");
    writeFileSync(ballast, Buffer.alloc(32 * 1024));
    const exporter = fileExporter({ path });
    const value = "x".repeat(1000);
    const batchOf = (from: number) =>
      Array.from({ length: 5 }, (_, index) => exposure(from + index, { value }));
    let taken = 0;
    let refused = 0;
    for (let from = 0; from < 100; from += 5) {
      await exporter.export(batchOf(from), signal).then(
        () => taken++,
        (error: unknown) => {
          expect(error).toMatchObject({ code: "EXPORT_FAILED" });
          expect(String(error)).toContain("ENOSPC");
          refused++;
        },
      );
    }
    expect(taken).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    expect(linesIn(path)).toHaveLength(taken * 5);
    rmSync(ballast);
    await exporter.export(batchOf(200), signal);
    await exporter.close?.();
    const lines = linesIn(path);
    expect(lines).toHaveLength(taken * 5 + 5);
    for (const json of lines) JSON.parse(json);
  });
});

it.each([
  [undefined, "path"],
  [{}, "path"],
  [{ path: "" }, "path"],
  [{ path: "a", maxSize: 0 }, "maxSize"],
  [{ path: "a", maxFiles: 0 }, "maxFiles"],
  [{ path: "a", maxAge: "1d" }, "maxAge"],
  [{ path: "a", size: 1 }, "size"],
])("refuses %j", (options, named) => {
  expect(() => fileExporter(options as never)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTIONS", message: expect.stringContaining(named) }),
  );
});
