import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

export interface ProgramOptions {
  readonly args?: readonly string[];
  /** Flags of Node itself. */
  readonly node?: readonly string[];
  /** The core to stay on, where the system has `taskset`. */
  readonly core?: number | undefined;
  /** A command that runs Node, and its arguments: valgrind, for one. */
  readonly under?: readonly string[];
  /** Milliseconds until an answer must be there. */
  readonly timeout?: number;
}

/** A program of the benchmarks in a process of its own, which answers messages. */
export class Program {
  readonly #child: ChildProcess;
  readonly #timeout: number;

  constructor(
    file: string,
    { args = [], node = [], core, under = [], timeout = 120_000 }: ProgramOptions = {},
  ) {
    const pinned = core === undefined ? [] : ["taskset", "-c", String(core)];
    const [command = process.execPath, ...before] = [...pinned, ...under, process.execPath];
    this.#timeout = timeout;
    this.#child = fork(file, args, {
      execPath: command,
      execArgv: [...before, ...node],
      env: environment(),
    });
  }

  /** `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The next message of the program, after sending it one if there is any to send. */
  async ask<Answer>(question?: unknown): Promise<Answer> {
    const gone = new AbortController();
    const late = setTimeout(() => this.#child.kill("SIGKILL"), this.#timeout);
    const exited = once(this.#child, "exit", gone).then(([code, signal]) => {
      throw new Error(`a program of the benchmark ended early (${signal ?? code})`);
    });
    const answered = once(this.#child, "message", gone).then(([answer]) => answer as Answer);
    try {
      if (question !== undefined) this.#child.send(question as object);
      return await Promise.race([answered, exited]);
    } finally {
      clearTimeout(late);
      gone.abort();
      await Promise.allSettled([exited, answered]);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill();
    await once(this.#child, "exit");
  }
}

/** Without what changes how Node or Halyard runs. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => name !== "NODE_OPTIONS" && !name.startsWith("FEATURE_"),
  );
  return { ...Object.fromEntries(kept), NODE_ENV: "production" };
}

/** Starts a program that sends one message by itself, and returns that. */
export async function answerOf<Answer>(file: string, options?: ProgramOptions): Promise<Answer> {
  const program = new Program(file, options);
  try {
    return await program.ask<Answer>();
  } finally {
    await program.stop();
  }
}
