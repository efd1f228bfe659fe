import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DefinitionSource,
  MemoryStore,
  type SourceListener,
  type Store,
  type StoreContents,
} from "@halyard/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions } from "./options.ts";

const by = { actor: { id: "ann", type: "person" }, reason: "a test" };
const opened: Flags[] = [];
let directory: string;
let path: string;
let logs: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "halyard-kept-"));
  path = join(directory, "kept/flags.json");
  logs = [];
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
  rmSync(directory, { recursive: true, force: true });
});

function make(options: FlagsOptions): Flags {
  const log = (level: string) => (message: string) => void logs.push(`${level} ${message}`);
  const flags = createFlags({
    environment: "test",
    lastKnownGood: path,
    startTimeout: 20,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    ...options,
  });
  opened.push(flags);
  return flags;
}

/** A store that has to be waited for, as one behind a network. */
function remote(memory: MemoryStore, down?: Error): Store {
  let listener: SourceListener | undefined;
  memory.watch({ onChange: (...notice) => listener?.onChange(...notice), onError: () => {} });
  const answer = async (): Promise<StoreContents> => {
    if (down !== undefined) throw down;
    return memory.readSync();
  };
  return {
    name: "remote",
    read: answer,
    watch: (given) => {
      listener = given;
      return () => {};
    },
    write: (changes, attribution) => memory.write(changes, attribution),
    readSubject: (query) => memory.readSubject(query),
    listOverrides: (filter, page) => memory.listOverrides(filter, page),
    groupsOf: (user) => memory.groupsOf(user),
    members: (group, page) => memory.members(group, page),
    listProposals: (filter, page) => memory.listProposals(filter, page),
    readAudit: (filter, page) => memory.readAudit(filter, page),
    close: async () => {},
  };
}

const silent: DefinitionSource = { name: "remote", read: () => new Promise(() => {}) };
const DOWN = new Error("connection refused");

/** What an earlier process has left: a flag, a segment, and an emergency. */
async function leave(flags: object = { beta: true, other: { default: "é\u2028</script>" } }) {
  const memory = new MemoryStore({
    flags,
    segments: { staff: { attribute: "plan", op: "exists" } },
  });
  const earlier = make({ store: remote(memory) });
  await earlier.ready();
  await earlier.overrides.kill("other", { ...by, value: "killed" });
  await earlier.close();
}

describe("the last known good copy", () => {
  it.each<[string, FlagsOptions]>([
    ["is down", { store: remote(new MemoryStore(), DOWN) }],
    ["does not answer", { sources: [silent] }],
    ["is not asked", { sources: [silent], offline: true, startTimeout: 60_000 }],
  ])("serves at the next start when the source %s, as stale", async (_name, options) => {
    await leave();
    const flags = make(options);
    await flags.ready().catch(() => undefined);
    expect(flags.client().details("beta")).toMatchObject({ value: true, reason: "STALE" });
    expect(flags.client().value("other")).toBe("killed");
    expect(flags.health()).toMatchObject({ status: "degraded", flags_loaded: 2 });
    await expect(flags.ready()).rejects.toMatchObject({ message: expect.any(String) });
  });

  it("gives way as soon as the source answers", async () => {
    await leave();
    let answer: (contents: StoreContents) => void = () => {};
    const late: DefinitionSource = {
      name: "remote",
      read: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    };
    const flags = make({ sources: [late] });
    await expect(flags.ready()).rejects.toMatchObject({ code: "START_TIMEOUT" });
    expect(flags.client().enabled("beta")).toBe(true);
    answer(new MemoryStore({ flags: { beta: false } }).readSync());
    await vi.waitFor(() => expect(flags.health().status).toBe("healthy"));
    expect(flags.client().all()).toEqual({ beta: false });
    await flags.ready();
  });

  describe("of a source of which nothing serves", () => {
    const other = (flags: object): DefinitionSource => ({
      name: "other",
      read: async () => [{ name: "other", document: { flags } }],
    });
    const broken: DefinitionSource = {
      name: "remote",
      read: async () => [{ name: "remote", document: { flags: { beta: { nonsense: 1 } } } }],
    };
    const needy = { beta: { prerequisites: [{ flag: "base", variant: "on" }], default: true } };

    it.each<[string, () => FlagsOptions]>([
      ["is down, and its copy refused", () => ({ sources: [silent, other({})] })],
      ["gives what is refused", () => ({ sources: [broken, other({ base: true, more: true })] })],
    ])("outlives a start at which that %s", async (_name, options) => {
      const memory = new MemoryStore({ flags: needy });
      const first = make({ sources: [remote(memory), other({ base: true })] });
      await first.ready();
      await first.close();
      const second = make(options());
      await second.ready().catch(() => undefined);
      expect(second.client().details("beta").errorCode).toBe("FLAG_NOT_FOUND");
      await second.close();
      const third = make({ sources: [silent, other({ base: true })] });
      await third.ready().catch(() => undefined);
      expect(third.client().details("beta")).toMatchObject({ value: true, reason: "STALE" });
    });

    it("goes when the instance has that source no more", async () => {
      await leave();
      const second = make({ sources: [other({ base: true })] });
      await second.ready();
      await second.close();
      const third = make({ sources: [silent] });
      await third.ready().catch(() => undefined);
      expect(third.client().details("beta").errorCode).toBe("PROVIDER_NOT_READY");
    });
  });

  it("is for its owner's eyes, and replaced whole", async () => {
    await leave();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, "kept"))).toEqual(["flags.json"]);
    const before = readFileSync(path, "utf8");
    await leave({ fresh: true, other: "x" });
    expect(readFileSync(path, "utf8")).not.toBe(before);
  });

  it.each<[string, (text: string) => string]>([
    ["cut short", (text) => text.slice(0, -10)],
    ["changed", (text) => text.replace("beta", "bete")],
    ["empty", () => ""],
    ["something else", () => "not JSON\n{}"],
    [
      "of another format",
      () => "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n{}",
    ],
  ])("is not believed when it is %s", async (_name, spoil) => {
    await leave();
    writeFileSync(path, spoil(readFileSync(path, "utf8")));
    const flags = make({ store: remote(new MemoryStore(), DOWN) });
    await flags.ready().catch(() => undefined);
    expect(flags.client().details("beta").errorCode).toBe("PROVIDER_NOT_READY");
    expect(logs).toContainEqual(expect.stringMatching(/^warn .*can't be believed/));
  });

  it("is whole also when several write it at once, as processes of one id in containers", async () => {
    const both = [1, 2].map(() => make({ store: remote(new MemoryStore({ flags: { a: true } })) }));
    await Promise.all(both.map((flags) => flags.ready()));
    await Promise.all(both.map((flags) => flags.close()));
    expect(logs.filter((line) => line.includes("can't be"))).toEqual([]);
    expect(readdirSync(join(directory, "kept"))).toEqual(["flags.json"]);
    const after = make({ store: remote(new MemoryStore(), new Error("down")) });
    await after.ready().catch(() => {});
    expect(after.client().enabled("a")).toBe(true);
  });

  it("is not there at first, and can't be written: flags go on", async () => {
    const flags = make({ store: remote(new MemoryStore(), DOWN) });
    await flags.ready().catch(() => undefined);
    expect(flags.health().status).toBe("unhealthy");
    writeFileSync(join(directory, "file"), "");
    path = join(directory, "file/flags.json");
    await leave();
    expect(logs).toContainEqual(expect.stringMatching(/^warn .*can't be written/));
  });

  it("has nothing of what needs no waiting", async () => {
    const flags = make({ sources: [{ flags: { beta: true } }] });
    await flags.close();
    expect(readdirSync(directory)).toEqual([]);
  });
});
