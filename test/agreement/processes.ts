import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createFlags, type Flags } from "@halyard/server";
import { openStore } from "../../examples/multi-tenant/store.ts";
import { bundle } from "../support/bundle.ts";

/** What a process saw, and when (milliseconds that all processes share). */
export interface Seen {
  readonly flag: string;
  readonly value: unknown;
  readonly at: number;
  readonly stale: boolean;
}

const actor = { id: "agreement", type: "test" };
const now = (): number => performance.timeOrigin + performance.now();

/** Writes, each another value: of a definition, of a user's override, of an emergency. */
const WRITES: Readonly<Record<string, (f: Flags, value: number) => Promise<unknown>>> = {
  defined: (f, value) => f.definitions.put("defined", { type: "integer", default: value }),
  overridden: (f, value) =>
    f.overrides.set("overridden", { kind: "user", id: "u" }, value, { actor }),
  emergency: (f, value) => f.overrides.kill("emergency", { actor, reason: "a test", value }),
};

/** Several processes on one store, and this one, which writes. */
export class Processes {
  readonly flags: Flags;
  readonly #children: readonly ChildProcess[];
  readonly #seen: (Seen & { readonly by: number })[] = [];
  #told: () => void = () => {};

  private constructor(flags: Flags, children: readonly ChildProcess[]) {
    this.flags = flags;
    this.#children = children;
    for (const [by, child] of children.entries()) {
      child.on("message", (message) => {
        this.#seen.push({ ...(message as Seen), by });
        this.#told();
      });
    }
  }

  static async start(url: string, count: number): Promise<Processes> {
    const flags = createFlags({ store: openStore(url), environment: "test" });
    await flags.ready();
    const program = await bundle(new URL("process.ts", import.meta.url));
    const children = Array.from({ length: count }, () =>
      fork(program, { env: { ...process.env, STORE: url } }),
    );
    await Promise.all(children.map((child) => once(child, "message")));
    return new Processes(flags, children);
  }

  /**
   * Writes values one after the other, each when all have seen the one before. Gives how long after
   * the write was acknowledged each process saw it, in milliseconds; 0 when before.
   */
  async agree(flag: string, times: number, from = 1): Promise<number[]> {
    const delays: number[] = [];
    for (let value = from; value < from + times; value++) {
      await WRITES[flag]?.(this.flags, value);
      const acknowledged = now();
      const seen = await this.#allSee(flag, value);
      delays.push(...seen.map(({ at }) => Math.max(0, at - acknowledged)));
    }
    return delays;
  }

  /** Resolves when each process has seen the value; rejects after half a minute. */
  async #allSee(flag: string, value: number): Promise<readonly Seen[]> {
    const until = now() + 30_000;
    for (;;) {
      const found = this.#seen.filter((each) => each.flag === flag && each.value === value);
      if (new Set(found.map(({ by }) => by)).size === this.#children.length) return found;
      const told = new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), until - now());
        this.#told = () => {
          clearTimeout(timer);
          resolve(true);
        };
      });
      if (!(await told)) {
        throw new Error(`${found.length} of ${this.#children.length} saw ${flag} = ${value}.`);
      }
    }
  }

  /** The values that a process saw of a flag, in order. */
  history(by: number, flag: string): readonly unknown[] {
    return this.#seen
      .filter((each) => each.by === by && each.flag === flag)
      .map(({ value }) => value);
  }

  get count(): number {
    return this.#children.length;
  }

  async end(): Promise<void> {
    const ended = this.#children.map(async (child) => {
      if (child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.send("end");
      await exited;
    });
    await Promise.all([...ended, this.flags.close()]);
  }
}
