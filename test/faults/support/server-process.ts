import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { bundle } from "../../support/bundle.ts";
import type { Answer, Measure, Question } from "../server/messages.ts";

export const FRAMEWORKS = ["express", "koa", "fastify"] as const;
export type Framework = (typeof FRAMEWORKS)[number];

const ENTRY = bundle(new URL("../server/main.ts", import.meta.url));

/** As much as a client may send in headers, for those that send too much. */
const MAX_HEADER = 1_000_000;

/** Milliseconds in which a process that nothing keeps is gone. */
const PATIENCE = 30_000;

/** A server in a process of its own. */
export class ServerProcess {
  readonly #process: ChildProcess;
  readonly #exit: Promise<readonly [code: number | null, signal: string | null]>;
  /** What it said on standard error. */
  errors = "";
  port = 0;

  private constructor(program: string, framework: Framework, file: string) {
    this.#process = fork(program, [framework, file], {
      execArgv: ["--expose-gc", `--max-http-header-size=${MAX_HEADER}`],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
    this.#exit = once(this.#process, "exit") as Promise<[number | null, string | null]>;
  }

  static async start(framework: Framework, file: string): Promise<ServerProcess> {
    const started = new ServerProcess(await ENTRY, framework, file);
    const answer = await started.#hear();
    if (answer.says !== "listening") throw new Error(`The server said ${answer.says}.`);
    started.port = answer.port;
    return started;
  }

  async measure(): Promise<Measure> {
    const answer = await this.#ask({ ask: "measure" });
    if (answer.says !== "measured") throw new Error(`The server said ${answer.says}.`);
    return answer.measure;
  }

  async kill(killed: boolean): Promise<void> {
    await this.#ask({ ask: "kill", killed });
  }

  /** Closes all that it has. Gives what was left, and its exit code once it has gone by itself. */
  async close(): Promise<{ left: Measure; code: number | null }> {
    const answer = await this.#ask({ ask: "close" });
    if (answer.says !== "closed") throw new Error(`The server said ${answer.says}.`);
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE);
    const [code] = await this.#exit;
    clearTimeout(timer);
    return { left: answer.measure, code };
  }

  /** Ends the process if it is still there. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await this.#exit;
  }

  async #ask(question: Question): Promise<Answer> {
    const heard = this.#hear();
    this.#process.send(question);
    return heard;
  }

  async #hear(): Promise<Answer> {
    const gone = this.#exit.then(([code, signal]) => {
      throw new Error(`The server ended with ${code ?? signal}:\n${this.errors}`);
    });
    gone.catch(() => undefined);
    const message = once(this.#process, "message").then(([answer]) => answer as Answer);
    return Promise.race([message, gone]);
  }
}
