import { expect, it, onTestFinished } from "vitest";
import { until } from "../support/until.ts";
import type { Fleet } from "./fleet.ts";
import { StoreProcess } from "./store-process.ts";

// What holds for processes on any store.

/** Writes of each process. */
const TIMES = 8;

/** Where something is that several write at once, and what is written for a value. */
interface Race {
  readonly path: string;
  readonly body: (value: number) => object;
}

const FLAG: Race = {
  path: "/flags/raced",
  body: (value) => ({ enabled: true, type: "integer", default: value }),
};
const OVERRIDE: Race = { path: "/overrides/other/user:u", body: (value) => ({ value }) };

interface Raced {
  readonly value?: number;
  readonly definition?: { readonly default: number };
}

/** What a process has of what is written by several at once, and for which version. */
async function read(process: StoreProcess, { path }: Race) {
  const { status, etag, body } = await process.ask<Raced>(`/admin${path}`);
  return { status, etag: etag ?? "", value: body.definition?.default ?? body.value ?? 0 };
}

function write(process: StoreProcess, { path, body }: Race, value: number, match: string) {
  const condition = match === "" ? { "if-none-match": "*" } : { "if-match": match };
  const init = { method: "PUT", body: JSON.stringify(body(value)), headers: condition };
  return process.ask(`/admin${path}`, init);
}

export function sharedCases(fleet: () => Fleet, url: string): void {
  it.each([
    ["a flag", FLAG],
    ["an override", OVERRIDE],
  ])("who writes %s at once with others loses nothing, and is told", async (_, race) => {
    const { processes } = fleet();
    let conflicts = 0;
    const count = async (process: StoreProcess): Promise<void> => {
      for (let made = 0; made < TIMES; ) {
        const { etag, value } = await read(process, race);
        const { status, body } = await write(process, race, value + 1, etag);
        if (status === 200 || status === 201) made++;
        else {
          expect(status).toBe(412);
          expect(["VERSION_CONFLICT", "PRECONDITION_FAILED"]).toContain(body.code);
          conflicts++;
        }
      }
    };
    await Promise.all(processes.map(count));
    // They were at it at the same time, or this shows nothing.
    expect(conflicts).toBeGreaterThan(0);
    const all = processes.length * TIMES;
    for (const process of processes) {
      await until("all see the sum", async () => (await read(process, race)).value === all);
    }
  });

  it("of writes at once that ask for no version each is made, and none forgotten", async () => {
    const { processes } = fleet();
    const values = processes.map((_, index) => 1000 + index);
    await Promise.all(
      processes.map(async (process, index) => {
        const { status } = await write(process, FLAG, values[index] as number, "*");
        expect(status).toBe(200);
      }),
    );
    const audited = await fleet().audited("raced");
    const last = audited.slice(-values.length);
    expect(last.toSorted()).toEqual(values);
    for (const process of processes) {
      await until("all agree on the last", async () => {
        return (await read(process, FLAG)).value === last.at(-1);
      });
    }
  });

  it("a process is killed while it writes: nothing that was acknowledged is lost", async () => {
    const writer = await StoreProcess.start({ url });
    onTestFinished(() => writer.kill());
    const acknowledged: number[] = [];
    let tried = 0;
    const writing = (async () => {
      while (true) {
        tried = fleet().next();
        const { status } = await writer.put("defined", tried);
        expect(status).toBe(200);
        acknowledged.push(tried);
      }
    })().catch((error: unknown) => error);
    await until("something is written", () => acknowledged.length > 5);
    await writer.kill();
    // What it had begun was answered with nothing.
    expect(await writing).toBeInstanceOf(TypeError);
    const audited = await fleet().audited("defined");
    expect(acknowledged.filter((value) => !audited.includes(value))).toEqual([]);
    // All serve what is written last, also when nobody was told that it was.
    await fleet().serve({ defined: audited.at(-1) as number });
    expect([acknowledged.at(-1), tried]).toContain(audited.at(-1));
    await fleet().agree();
  });
}
