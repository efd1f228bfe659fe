import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { bundle } from "../../support/bundle.ts";
import { ENDLESS } from "../support/size.ts";
import type { FlagName, Settings, State } from "./messages.ts";

const ENTRY = bundle(new URL("server.ts", import.meta.url));

/** What a server answered. */
export interface Answer<T> {
  readonly status: number;
  readonly etag: string | null;
  readonly body: T;
}

/** What the management API says of what it did not do. */
export interface Problem {
  readonly code?: string;
}

export interface HealthBody {
  readonly status: string;
  readonly provider: { readonly last_error?: string };
}

/** A server in a process of its own, asked over a socket. */
export class StoreProcess {
  readonly #process: ChildProcess;
  readonly #exit: Promise<readonly [code: number | null, signal: string | null]>;
  #errors = "";
  #port = 0;

  private constructor(program: string, settings: Settings) {
    this.#process = fork(program, [JSON.stringify(settings)], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.#exit = once(this.#process, "exit") as Promise<[number | null, string | null]>;
  }

  /** Resolves when it listens, whether or not it has its flags. */
  static async start(settings: Settings): Promise<StoreProcess> {
    const started = new StoreProcess(await ENTRY, settings);
    const gone = started.#exit.then(([code, signal]) => {
      throw new Error(`The process ended with ${code ?? signal}:\n${started.#errors}`);
    });
    gone.catch(() => undefined);
    const [port] = (await Promise.race([once(started.#process, "message"), gone])) as [number];
    started.#port = port;
    return started;
  }

  async ask<T = Problem>(
    path: string,
    options: RequestInit & { readonly user?: string } = {},
  ): Promise<Answer<T>> {
    const { user = "u", ...init } = options;
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      ...init,
      headers: { "x-user": user, "content-type": "application/json", ...init.headers },
      signal: AbortSignal.timeout(ENDLESS),
    });
    const { status, headers } = response;
    return { status, etag: headers.get("etag"), body: (await response.json()) as T };
  }

  /** What it serves to a user. */
  async state(user = "u"): Promise<State> {
    const { status, body } = await this.ask<State>("/state", { user });
    if (status !== 200) throw new Error(`The process answered ${status}.`);
    return body;
  }

  async health(): Promise<HealthBody> {
    return (await this.ask<HealthBody>("/health")).body;
  }

  /** The values that it served to user `u`, each once, in order. */
  async served(): Promise<Partial<Record<FlagName, readonly number[]>>> {
    return (await this.ask<Partial<Record<FlagName, readonly number[]>>>("/served")).body;
  }

  /** Writes a value: as definition, as override of user `u`, or as emergency. */
  put(flag: FlagName, value: number, match = "*"): Promise<Answer<Problem>> {
    const [method, path, body] = WRITES[flag](value);
    return this.ask(`/admin${path}`, {
      method,
      body: JSON.stringify(body),
      headers: { "if-match": match, "x-reason": "a test" },
    });
  }

  /** Lets it close what it has. Gives its exit code once it has gone by itself. */
  async end(): Promise<number | null> {
    if (this.#isGone) return this.#process.exitCode;
    this.#process.send("end");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), ENDLESS);
    const [code] = await this.#exit;
    clearTimeout(timer);
    return code;
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    if (this.#isGone) return;
    this.#process.kill("SIGKILL");
    await this.#exit;
  }

  get #isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}

type Write = readonly [method: string, path: string, body: unknown];

const WRITES: Readonly<Record<FlagName, (value: number) => Write>> = {
  defined: (value) => ["PUT", "/flags/defined", { enabled: true, type: "integer", default: value }],
  overridden: (value) => ["PUT", "/overrides/overridden/user:u", { value }],
  emergency: (value) => ["POST", "/flags/emergency/kill", { value }],
};
