import { createFlags, type DefinedFlags, type Flags, type FlagsOptions } from "@halyard/server";
import supertest from "supertest";
import type { AdapterHarness, AppDescription, Headers, RunningApp } from "./harness.ts";
import type { TracingKit } from "./tracing.ts";

/** Of Vitest, node:test, Mocha or Jest; and what the suite does not bring itself. */
export interface TestFunctions {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, body: () => Promise<void>) => void;
  readonly tracing: TracingKit;
}

export interface Warning {
  readonly code: string | undefined;
  readonly message: string;
}

/** What a test may use; whatever it starts is ended with it. */
export class Bench {
  readonly harness: AdapterHarness;
  readonly warnings: Warning[] = [];
  /** What the instances of `flags` logged, as `level: message`. */
  readonly logs: string[] = [];
  readonly #endings: (() => unknown)[] = [];

  constructor(harness: AdapterHarness) {
    this.harness = harness;
    const { emitWarning } = process;
    const record = (message: string | Error, options?: unknown): void => {
      const { code } = (options ?? {}) as { readonly code?: string };
      this.warnings.push({ code, message: String(message) });
    };
    process.emitWarning = record as typeof process.emitWarning;
    this.#endings.push(() => {
      process.emitWarning = emitWarning;
    });
  }

  /** Options with definitions in code and a logger that is listened to. */
  options(flags: Readonly<Record<string, unknown>>, options: FlagsOptions = {}): FlagsOptions {
    const log = (level: string) => (message: string) => void this.logs.push(`${level}: ${message}`);
    return {
      sources: [{ flags } as unknown as DefinedFlags],
      environment: "test",
      logger: {
        debug: log("debug"),
        info: log("info"),
        warn: log("warn"),
        error: log("error"),
      },
      ...options,
    };
  }

  flags(flags: Readonly<Record<string, unknown>>, options: FlagsOptions = {}): Flags {
    const instance = createFlags(this.options(flags, options));
    this.#endings.push(() => instance.close());
    return instance;
  }

  async start(app: AppDescription): Promise<Server> {
    const running = await this.harness.start(app);
    this.#endings.push(() => running.close());
    if (running.instance !== undefined) this.#endings.push(() => running.instance?.close());
    return new Server(running);
  }

  codes(): readonly (string | undefined)[] {
    return this.warnings.map(({ code }) => code).filter((code) => code?.startsWith("HALYARD_"));
  }

  async end(): Promise<void> {
    for (const ending of this.#endings.reverse()) await ending();
  }
}

export interface Sent {
  readonly method?: "get" | "head" | "post" | "put" | "delete" | "options" | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | object | undefined;
}

export interface Received {
  readonly status: number;
  readonly headers: Headers;
  /** As JSON where it is JSON, else as text. */
  readonly body: unknown;
  readonly cookies: readonly string[];
}

export class Server {
  readonly running: RunningApp;

  constructor(running: RunningApp) {
    this.running = running;
  }

  async send(path: string, { method = "get", headers = {}, body }: Sent = {}): Promise<Received> {
    const request = supertest(this.running.url)[method](path).set(headers).redirects(0);
    const response = await (body === undefined ? request : request.send(body));
    const json = response.type === "application/json" && response.text;
    return {
      status: response.status,
      headers: response.headers,
      body: json ? JSON.parse(response.text) : response.text,
      cookies: [response.headers["set-cookie"] ?? []].flat(),
    };
  }

  /** The JSON body of a request that must succeed. */
  async json(path: string, sent: Sent = {}): Promise<Record<string, unknown>> {
    const { status, body } = await this.send(path, sent);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
    return body as Record<string, unknown>;
  }
}

export type Check = (name: string, body: (bench: Bench) => Promise<void>) => void;

/** `it` with a bench of its own for each test. */
export function checker(harness: AdapterHarness, { it }: TestFunctions): Check {
  return (name, body) =>
    it(name, async () => {
      const bench = new Bench(harness);
      try {
        await body(bench);
      } finally {
        await bench.end();
      }
    });
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((give, refuse) => {
    resolve = give;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** How long a condition may take to hold, in milliseconds. */
const DEADLINE = 5000;

/** Waits until a condition holds; rejects when it does not in time. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
