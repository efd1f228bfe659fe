import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { State } from "../server/app.ts";
import type { Measure } from "../server/messages.ts";
import { type Framework, ServerProcess } from "../support/server-process.ts";
import { Connection, type Response } from "./connection.ts";
import { SUBJECTS, type Subject, whyWrong } from "./definitions.ts";
import { FlagFile } from "./flag-file.ts";
import { whatGrew, whatIsLeft } from "./verdict.ts";

export interface SoakOptions {
  readonly framework: Framework;
  readonly seconds: number;
}

export interface SoakReport {
  readonly requests: number;
  readonly perSecond: number;
  readonly aborted: number;
  readonly edits: number;
  readonly reloads: number;
  readonly refusals: number;
  readonly kills: number;
  /** Megabytes after a collection of garbage, from time to time. */
  readonly heap: readonly number[];
  /** Everything that was not as it should be; empty when all was well. */
  readonly problems: readonly string[];
}

const CONNECTIONS = 4;
const ABORTERS = 2;
/** Requests that a connection has under way at a time. */
const PIPELINE = 25;
/** Milliseconds between two edits: some come before the one before has been read. */
const EDIT_EVERY = 40;
const KILL_EVERY = 70;
/** Looks at what the process holds on to. */
const MEASURES = 9;
/** Milliseconds in which the last edit must have been read. */
const PATIENCE = 30_000;
const MOST_PROBLEMS = 20;

/** Loads a server for a time while everything around it changes, and looks at what it does. */
export async function soak({ framework, seconds }: SoakOptions): Promise<SoakReport> {
  const file = new FlagFile();
  let server: ServerProcess | undefined;
  try {
    server = await ServerProcess.start(framework, file.path);
    return await new Soak(server, file).run(seconds);
  } finally {
    await server?.end();
    file.remove();
  }
}

class Soak {
  readonly #server: ServerProcess;
  readonly #file: FlagFile;
  readonly #problems: string[] = [];
  #requests = 0;
  #aborted = 0;
  #kills = 0;
  /** What `killable` must be; `undefined` while that is about to change. */
  #killable: boolean | undefined = true;
  #changes = 0;
  #running = true;

  constructor(server: ServerProcess, file: FlagFile) {
    this.#server = server;
    this.#file = file;
  }

  async run(seconds: number): Promise<SoakReport> {
    const connections = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => Connection.open(this.#server.port)),
    );
    const measures: Measure[] = [];
    const start = performance.now();
    let paused = 0;
    for (let round = 1; round <= MEASURES; round++) {
      const until = start + paused + (seconds * 1000 * round) / MEASURES;
      await this.#load(connections, until);
      const stopped = performance.now();
      measures.push(await this.#quietMeasure());
      paused += performance.now() - stopped;
    }
    const elapsed = (performance.now() - start - paused) / 1000;
    await this.#endInTheLast(connections);
    for (const connection of connections) connection.close();
    const { left, code } = await this.#server.close();
    const problems = [...this.#problems, ...whatGrew(measures), ...whatIsLeft(left, code)];
    const said = this.#server.errors.slice(0, 2000);
    if (said !== "") problems.push(`on standard error: ${said}`);
    return {
      requests: this.#requests,
      perSecond: Math.round(this.#requests / elapsed),
      aborted: this.#aborted,
      edits: this.#file.edits,
      reloads: left.reloads,
      refusals: left.refusals,
      kills: this.#kills,
      heap: measures.map(({ heap }) => Math.round(heap / 1e5) / 10),
      problems,
    };
  }

  /** Everything at once until a time, by the monotonic clock. */
  async #load(connections: readonly Connection[], until: number): Promise<void> {
    this.#running = true;
    const timer = setTimeout(
      () => {
        this.#running = false;
      },
      Math.max(0, until - performance.now()),
    );
    await Promise.all([
      ...connections.map((connection) => this.#ask(connection)),
      ...Array.from({ length: ABORTERS }, () => this.#abort()),
      this.#edit(),
      this.#killAndRestore(),
    ]);
    clearTimeout(timer);
  }

  async #ask(connection: Connection): Promise<void> {
    let newest = 0;
    while (this.#running && this.#problems.length < MOST_PROBLEMS) {
      const first = this.#requests;
      this.#requests += PIPELINE;
      const subjects = Array.from({ length: PIPELINE }, (_, index) => subjectOf(first + index));
      const { killable, changes } = { killable: this.#killable, changes: this.#changes };
      const responses = await connection.exchange(
        subjects.map((subject, index) => requestOf(first + index, subject)),
      );
      // Nothing is known of requests during which it changed.
      const expected = changes === this.#changes ? killable : undefined;
      for (const [index, response] of responses.entries()) {
        const subject = subjects[index] as Subject;
        const state = this.#check(response, pathOf(first + index), subject, expected);
        if (state === undefined) continue;
        if (state.generation < newest) this.#wrong(`${state.generation} came after ${newest}`);
        newest = state.generation;
      }
    }
  }

  #check(
    { status, body }: Response,
    path: string,
    subject: Subject,
    killable: boolean | undefined,
  ): State | undefined {
    const closed = path === "/guarded" && subject.plan !== "pro";
    if (status !== (closed ? 404 : 200)) this.#wrong(`${path} answered ${status}: ${body}`);
    if (closed || status !== 200) return undefined;
    const state = JSON.parse(body) as State;
    const wrong = whyWrong(state, subject);
    if (wrong !== undefined) this.#wrong(wrong);
    if (state.generation > this.#file.generation)
      this.#wrong(`${state.generation} was never there`);
    if (killable !== undefined && state.killable !== killable) {
      this.#wrong(`${path} says ${state.killable} while the kill switch says ${killable}`);
    }
    return state;
  }

  /** Clients that go away before, during and after their answer. */
  async #abort(): Promise<void> {
    while (this.#running) {
      const number = this.#aborted++;
      const requests = [requestOf(1, subjectOf(number)), requestOf(3, subjectOf(number))].join("");
      const part = number % 3 === 0 ? requests.slice(0, 30 + (number % 50)) : requests;
      await new Promise<void>((resolve) => {
        const socket = connect(this.#server.port, "127.0.0.1", () => socket.write(part));
        socket.on("error", () => {}).on("close", () => resolve());
        if (number % 3 === 1) socket.once("data", () => socket.resetAndDestroy());
        else setTimeout(() => socket.destroy(), number % 7);
      });
    }
  }

  async #edit(): Promise<void> {
    while (this.#running) {
      this.#file.edit();
      await sleep(EDIT_EVERY);
    }
  }

  async #killAndRestore(): Promise<void> {
    while (this.#running) {
      const killed = this.#kills % 2 === 0;
      this.#changes++;
      this.#killable = undefined;
      await this.#server.kill(killed);
      this.#killable = !killed;
      this.#changes++;
      this.#kills++;
      await sleep(KILL_EVERY);
    }
  }

  /** What is held on to while nothing happens: the least of several looks, for all settles in time. */
  async #quietMeasure(): Promise<Measure> {
    let least = await this.#server.measure();
    for (let again = 0; again < 2; again++) {
      await sleep(20);
      const next = await this.#server.measure();
      if (next.heap < least.heap || next.descriptors < least.descriptors) least = next;
    }
    return least;
  }

  async #endInTheLast([connection]: readonly Connection[]): Promise<void> {
    this.#file.mend();
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const [response] = (await connection?.exchange([requestOf(0, subjectOf(0))])) ?? [];
      const { generation } = JSON.parse(response?.body ?? "{}") as Partial<State>;
      if (generation === this.#file.generation) return;
      if (performance.now() > deadline) {
        this.#wrong(`the last edit is ${this.#file.generation}, what serves is ${generation}`);
        return;
      }
      await sleep(10);
    }
  }

  #wrong(problem: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(problem);
  }
}

const subjectOf = (number: number) => SUBJECTS[number % SUBJECTS.length] as Subject;

/** Every so often one that takes a while, or is guarded. */
const pathOf = (number: number) =>
  number % 25 === 1 ? "/slow" : number % 5 === 3 ? "/guarded" : "/state";

function requestOf(number: number, { user, plan }: Subject): string {
  const headers = [`Host: localhost`, `X-User: ${user}`, `X-Plan: ${plan}`];
  return `GET ${pathOf(number)} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`;
}
