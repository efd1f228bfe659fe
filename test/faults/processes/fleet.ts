import { expect } from "vitest";
import { proxyTo, type TestProxy } from "../../support/servers/proxy.ts";
import { pause, until } from "../support/until.ts";
import { FLAGS, type FlagName, type Settings, type State } from "./messages.ts";
import { StoreProcess } from "./store-process.ts";

/** Milliseconds between two requests of those that go on all the time. */
const PAUSE = 25;

/** A process served no older value after a newer one. */
export async function checkOrder(process: StoreProcess): Promise<void> {
  for (const [flag, values] of Object.entries(await process.served())) {
    expect({ flag, values }).toEqual({ flag, values: values.toSorted((a, b) => a - b) });
  }
}

interface Audited {
  readonly items: readonly { readonly after?: { readonly default?: number } }[];
  readonly cursor?: string;
}

/** Several processes on one store, each of which is asked for its flags all the time. */
export class Fleet {
  readonly processes: readonly StoreProcess[];
  /** What each is connected through; empty for a store that is no server. */
  readonly proxies: readonly TestProxy[];
  readonly #wrong: string[] = [];
  readonly #traffic: Promise<unknown>;
  #value = 0;
  #ended = false;

  private constructor(processes: readonly StoreProcess[], proxies: readonly TestProxy[]) {
    this.processes = processes;
    this.proxies = proxies;
    this.#traffic = Promise.all(processes.map((process, index) => this.#askOn(process, index)));
  }

  /** A process for each of the settings; those of a server each by way of their own proxy. */
  static async start(url: string, settings: readonly Omit<Settings, "url">[]): Promise<Fleet> {
    const isServer = !url.startsWith("file:");
    const proxies = isServer ? await Promise.all(settings.map(() => proxyTo(url))) : [];
    const processes = await Promise.all(
      settings.map((own, index) => StoreProcess.start({ ...own, url: proxies[index]?.url ?? url })),
    );
    const fleet = new Fleet(processes, proxies);
    await fleet.#seed();
    return fleet;
  }

  async #seed(): Promise<void> {
    const [first] = this.processes;
    for (const flag of FLAGS) {
      const body = JSON.stringify({ enabled: true, type: "integer", default: 0 });
      const created = await first?.ask(`/admin/flags/${flag}`, { method: "PUT", body });
      expect(created).toMatchObject({ status: 201 });
    }
    const override = { method: "PUT", body: JSON.stringify({ value: 0 }) };
    const created = await first?.ask("/admin/overrides/overridden/user:u", override);
    expect(created).toMatchObject({ status: 201 });
    await this.agree();
  }

  async #askOn(process: StoreProcess, index: number): Promise<void> {
    while (!this.#ended) {
      try {
        await process.state();
      } catch (error) {
        if (!this.#ended) this.#wrong.push(`${index}: ${error}`);
      }
      await pause(PAUSE);
    }
  }

  /** A value that was not written before, and is greater than all that were. */
  next(): number {
    this.#value++;
    return this.#value;
  }

  /** Writes a new value of each flag by way of one process, and waits until all serve them. */
  async agree(by = 0): Promise<void> {
    const value = this.next();
    for (const flag of FLAGS) {
      await until(`${flag} is written`, async () => {
        const { status } = await this.#process(by).put(flag, value);
        expect([200, 503]).toContain(status);
        return status === 200;
      });
    }
    await this.serve(Object.fromEntries(FLAGS.map((flag) => [flag, value])));
    for (const index of this.processes.keys()) await this.healthy(index);
  }

  /** Waits until all processes, or these, serve the values. */
  async serve(
    values: Partial<Record<FlagName, number>>,
    which: readonly number[] = [...this.processes.keys()],
  ): Promise<void> {
    for (const index of which) {
      await until(`process ${index} serves ${JSON.stringify(values)}`, async () => {
        const { values: given } = await this.#process(index).state();
        return FLAGS.every((flag) => values[flag] === undefined || values[flag] === given[flag]);
      });
    }
  }

  /** Waits until a process is well; others than `u` ask, too, as they do in a service. */
  async healthy(index: number): Promise<void> {
    await until(`process ${index} is healthy`, async () => {
      await this.stranger(index);
      return (await this.#process(index).health()).status === "healthy";
    });
  }

  /** Waits until a process says that it is degraded; gives why. */
  async degraded(index: number): Promise<string> {
    let why: string | undefined;
    await until(`process ${index} is degraded`, async () => {
      await this.stranger(index);
      const { status, provider } = await this.#process(index).health();
      why = provider.last_error;
      return status === "degraded";
    });
    return why ?? "";
  }

  /** What a process serves to somebody whom it has not seen before. */
  stranger(index: number): Promise<State> {
    return this.#process(index).state(`stranger-${Math.random()}`);
  }

  /** The values that the store's audit has of a flag, oldest first. */
  async audited(flag: string, by = 0): Promise<readonly number[]> {
    const values: number[] = [];
    let cursor: string | undefined;
    do {
      const page = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/admin/audit?what=flag&key=${flag}&limit=200${page}`;
      const { status, body } = await this.#process(by).ask<Audited>(path);
      expect(status).toBe(200);
      for (const { after } of body.items) values.push(Number(after?.default));
      cursor = body.cursor;
    } while (cursor !== undefined);
    return values.toReversed();
  }

  /**
   * Ends what a test has begun, and checks what holds whatever happens: every request was answered,
   * and none with an older value.
   */
  async mend(): Promise<void> {
    for (const proxy of this.proxies) proxy.mend();
    expect(this.#wrong).toEqual([]);
    for (const process of this.processes) await checkOrder(process);
  }

  #process(index: number): StoreProcess {
    return this.processes[index] as StoreProcess;
  }

  /** Ends all, which end by themselves. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#traffic;
    for (const proxy of this.proxies) proxy.mend();
    const codes = await Promise.all(this.processes.map((process) => process.end()));
    for (const proxy of this.proxies) await proxy.close();
    expect(codes).toEqual(codes.map(() => 0));
  }
}
