import { MemoryAssignments, type NewAssignment } from "@halyard/core";
import { afterEach, expect, it, vi } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions } from "../instance/options.ts";
import { AssignmentWriter } from "./assignment-writer.ts";

/** Does what the test says: answers, fails, or keeps everybody waiting until it is released. */
class FaultyAssignments extends MemoryAssignments {
  reading: "fine" | "fails" | "hangs" | "nonsense" = "fine";
  writing: "fine" | "fails" | "hangs" | "nonsense" = "fine";
  loads = 0;
  closed = 0;
  readonly written: (readonly NewAssignment[])[] = [];
  #waiting: (() => void)[] = [];

  override async load(units: readonly string[]) {
    this.loads++;
    return this.#answer(this.reading, () => super.load(units));
  }

  override async assign(assignments: readonly NewAssignment[]) {
    this.written.push(assignments);
    return this.#answer(this.writing, () => super.assign(assignments));
  }

  async #answer<T>(how: string, answer: () => Promise<T>): Promise<T> {
    if (how === "fails") throw new Error("it burns");
    if (how === "nonsense") return {} as T;
    if (how === "hangs") await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return answer();
  }

  release(): void {
    this.reading = "fine";
    this.writing = "fine";
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  close = async (): Promise<void> => {
    this.closed++;
  };
}

const checkout = (a: number) => ({
  variants: { a: "a", b: "b" },
  fallthrough: { rollout: { weights: { a, b: 100 - a }, experiment: true } },
});

const opened: { flags: Flags; assignments: FaultyAssignments }[] = [];
afterEach(async () => {
  for (const { flags, assignments } of opened.splice(0)) {
    assignments.release();
    await flags.close();
  }
});

function make(assignments: FaultyAssignments, a = 50, options: FlagsOptions = {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const flags = createFlags({
    environment: "test",
    sources: [{ flags: { checkout: checkout(a) } }],
    assignments,
    logger: { debug: write, info: write, warn: write, error: write },
    ...options,
    subjects: { deadline: 20, ...options.subjects },
  });
  opened.push({ flags, assignments });
  return { flags, lines };
}

async function read(flags: Flags, targetingKey: string | number): Promise<string> {
  const client = flags.client({ targetingKey });
  await client.ready();
  return client.string("checkout", "none");
}

const USERS = Array.from({ length: 20 }, (_, index) => `user-${index}`);

async function readAll(flags: Flags): Promise<string[]> {
  const values: string[] = [];
  for (const user of USERS) values.push(await read(flags, user));
  return values;
}

for (const how of ["fails", "hangs", "nonsense"] as const) {
  it(`a store that ${how} when it is read: experiments go by their weights, and health says so`, async () => {
    const plain = createFlags({
      environment: "test",
      sources: [{ flags: { checkout: checkout(50) } }],
    });
    const assignments = new FaultyAssignments();
    assignments.reading = how;
    const { flags, lines } = make(assignments);
    expect(await readAll(flags)).toEqual(await readAll(plain));
    // After three failures it is left alone.
    expect(assignments.loads).toBe(3);
    expect(flags.health()).toMatchObject({
      status: "degraded",
      provider: { connected: false, last_error_code: "STORE_READ_FAILED" },
      assignments: { connected: false },
    });
    expect(lines.filter((line) => line.includes("Assignments can't be loaded"))).toHaveLength(2);
    await plain.close();
  });
}

it("who could not be loaded keeps what was served here, unless the store knows better", async () => {
  const assignments = new FaultyAssignments();
  await assignments.assign([{ unit: "old", experiment: "checkout:checkout", variant: "b" }]);
  assignments.reading = "hangs";
  const { flags } = make(assignments, 99);
  expect(await read(flags, "old")).toBe("a");
  expect(await read(flags, "new")).toBe("a");
  assignments.release();
  // What came late is welcome, too.
  await vi.waitFor(async () => expect(await read(flags, "old")).toBe("b"));
  expect(await read(flags, "new")).toBe("a");
});

it("a store that can't be written to is tried again, and then told all of it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const assignments = new FaultyAssignments();
    assignments.writing = "fails";
    const { flags, lines } = make(assignments);
    const served = await readAll(flags);
    await vi.advanceTimersByTimeAsync(50);
    expect(flags.health()).toMatchObject({
      status: "degraded",
      provider: { last_error_code: "STORE_WRITE_FAILED" },
      assignments: { connected: false, waiting: 20, dropped: 0 },
    });
    expect(lines.filter((line) => line.includes("can't be written"))).toHaveLength(1);
    expect(await readAll(flags)).toEqual(served);
    assignments.writing = "nonsense";
    await vi.advanceTimersByTimeAsync(1000);
    expect(flags.health().assignments).toMatchObject({ waiting: 20 });
    assignments.writing = "fine";
    await vi.advanceTimersByTimeAsync(2000);
    expect(flags.health()).toMatchObject({ status: "healthy", assignments: { waiting: 0 } });
    const stored = await assignments.load(USERS);
    expect(stored.map((each) => each.get("checkout:checkout"))).toEqual(served);
  } finally {
    vi.useRealTimers();
  }
});

it("close writes what waits, and closes the store", async () => {
  const assignments = new FaultyAssignments();
  const { flags } = make(assignments);
  const value = await read(flags, "user-1");
  await flags.close();
  const [stored] = await assignments.load(["user-1"]);
  expect(stored?.get("checkout:checkout")).toBe(value);
  expect(assignments.closed).toBe(1);
  // Reads go on, and nothing more is written.
  expect(flags.client({ targetingKey: "user-1" }).string("checkout", "")).toBe(value);
  expect(await read(flags, "user-2")).toMatch(/^[ab]$/);
  expect(assignments.written).toHaveLength(1);
});

it("close does not wait for ever, and says what is lost", async () => {
  const assignments = new FaultyAssignments();
  assignments.writing = "hangs";
  const { flags, lines } = make(assignments);
  await read(flags, "user-1");
  await flags.close({ timeout: 50 });
  expect(flags.health().assignments).toMatchObject({ waiting: 0, dropped: 1 });
  expect(lines.filter((line) => line.includes("Assignments are lost"))).toHaveLength(1);
});

it("offline, nothing is asked and nothing kept", async () => {
  const assignments = new FaultyAssignments();
  const { flags } = make(assignments, 50, { offline: true });
  await readAll(flags);
  await flags.close();
  expect([assignments.loads, assignments.written]).toEqual([0, []]);
  expect(flags.health().assignments).toBeUndefined();
});

it("whoever does not wait goes by the weights, and is warned once", async () => {
  const warned: string[] = [];
  const listen = (warning: Error & { code?: string }) => void warned.push(warning.code ?? "");
  process.on("warning", listen);
  const { flags } = make(new FaultyAssignments());
  flags.client({ targetingKey: "a" }).string("checkout", "");
  flags.client({ targetingKey: "b" }).string("checkout", "");
  flags.client({ targetingKey: "c" }).explain("checkout");
  await vi.waitFor(() => expect(warned).toEqual(["HALYARD_ASSIGNMENT_NOT_LOADED"]));
  process.off("warning", listen);
});

it("one flight per unit, one round trip per subject, and none while it is fresh", async () => {
  const assignments = new FaultyAssignments();
  const { flags } = make(assignments);
  await Promise.all([read(flags, "user-1"), read(flags, "user-1"), read(flags, "user-1")]);
  expect(await read(flags, "user-1")).toBe(await read(flags, "user-1"));
  expect(assignments.loads).toBe(1);
  expect(flags.health().assignments).toMatchObject({ size: 1, max_size: 10_000, hit_rate: 0.4 });
});

it("units are bounded, and what can't be kept goes by its bucket", async () => {
  const assignments = new FaultyAssignments();
  const { flags } = make(assignments, 50, { subjects: { max: 3 } });
  await readAll(flags);
  expect(flags.health().assignments).toMatchObject({ size: 3 });
  for (const unit of ["x".repeat(513), "\ud800", "nul\0", "", Number.NaN]) {
    expect(await read(flags, unit)).toMatch(unit === "" || Number.isNaN(unit) ? /a/ : /^[ab]$/);
  }
  for (const unit of ["__proto__", "constructor", "x".repeat(512), "7"]) await read(flags, unit);
  await flags.close();
  const units = assignments.written.flat().map(({ unit }) => unit);
  expect(units.slice(20)).toEqual(["__proto__", "constructor", "x".repeat(512), "7"]);
});

it("the queue is bounded: what finds no room is counted", async () => {
  const assignments = new FaultyAssignments();
  let told = 0;
  const writer = new AssignmentWriter({
    store: assignments,
    random: () => 0,
    onStanding: () => {},
    onDropped: (count) => {
      told += count;
    },
    onError: () => {},
  });
  for (let index = 0; index < 10_007; index++) {
    writer.push({ unit: `u${index}`, experiment: "e:e", variant: "a" });
    writer.push({ unit: `u${index % 100}`, experiment: "e:e", variant: "b" });
  }
  expect([writer.size, writer.dropped, told]).toEqual([10_000, 7, 7]);
  await writer.close(10_000);
  expect(writer.dropped).toBe(7);
  expect(assignments.written.flat()).toHaveLength(10_000);
  expect(Math.max(...assignments.written.map(({ length }) => length))).toBe(200);
});

it("memory forgets who was not asked for the longest, and the oldest experiments of one", async () => {
  const memory = new MemoryAssignments({ max: 2 });
  const assign = (unit: string, experiment = "e:e") =>
    memory.assign([{ unit, experiment, variant: "a" }]);
  await assign("one");
  await assign("two");
  await memory.load(["one"]);
  await assign("three");
  const sizes = (await memory.load(["one", "two", "three"])).map(({ size }) => size);
  expect([memory.size, sizes]).toEqual([2, [1, 0, 1]]);
  for (let index = 0; index < 1005; index++) await assign("three", `e${index}:e`);
  const [three] = await memory.load(["three"]);
  expect([three?.size, three?.has("e4:e"), three?.has("e5:e")]).toEqual([1000, false, true]);
});
