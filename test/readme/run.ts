import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll } from "vitest";
import { bundleText } from "../support/bundle.ts";
import { root, type Snippet } from "./snippets.ts";

const harness = fileURLToPath(new URL("harness.mjs", import.meta.url));

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder for snippets, with the packages installed in it, as far as they can tell. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "halyard-readme-"));
  folders.push(folder);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return folder;
}

const fileOf = ({ page, line }: Snippet) => `${page.replaceAll(/\W+/g, "-")}-L${line}`;

/** What TypeScript has to say about snippets, each a module; by the snippets' own lines. */
export async function typeErrors(folder: string, snippets: readonly Snippet[]): Promise<string> {
  const files = snippets.map((snippet) => {
    const name = `${fileOf(snippet)}.check.ts`;
    writeFileSync(join(folder, name), `${snippet.code}export {};\n`);
    return name;
  });
  const config = join(folder, `tsconfig.${files[0]}.json`);
  const compilerOptions = {
    rootDir: "/",
    noEmit: true,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
  const base = join(root, "tsconfig.base.json");
  writeFileSync(config, JSON.stringify({ extends: base, compilerOptions, files }));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", config, "--pretty", "false"];
  try {
    await promisify(execFile)(process.execPath, args, { cwd: folder });
    return "";
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}

const CLAIM = /^(\s*(?:const \w+ = )?)(.+?);\s*\/\/ → (.+)$/gm;

/** The snippet's claims as calls, each on the line where it stands. */
function withClaims({ code }: Snippet): { code: string; claims: number } {
  let claims = 0;
  const changed = code.replaceAll(CLAIM, (_all, before, expression, claimed) => {
    claims++;
    const shown = JSON.stringify(`${expression} → ${claimed}`);
    return `${before}(globalThis as any).__claim(${expression}, (${claimed}), ${shown});`;
  });
  return { code: changed, claims };
}

interface Message {
  readonly port?: number;
  readonly claim?: string;
  readonly ok?: boolean;
  readonly actual?: string;
}

/** A snippet that was started. */
export class Run {
  readonly #process: ChildProcess;
  readonly #messages: Message[] = [];
  readonly #claims: number;
  #output = "";

  /** Starts it in a folder. */
  static async start(folder: string, snippet: Snippet): Promise<Run> {
    const { code, claims } = withClaims(snippet);
    const file = join(folder, `${fileOf(snippet)}.mjs`);
    writeFileSync(file, await bundleText({ code }));
    const variables = snippet.directive.matchAll(/(\w+)=(\S+)/g);
    return new Run(
      file,
      claims,
      Object.fromEntries([...variables].map(([, name, value]) => [name, value])),
    );
  }

  private constructor(file: string, claims: number, env: NodeJS.ProcessEnv) {
    this.#claims = claims;
    this.#process = fork(file, {
      cwd: dirname(file),
      execArgv: ["--import", harness],
      env: { ...process.env, NODE_ENV: "development", ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#process.on("message", (message: Message) => this.#messages.push(message));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (data) => {
        this.#output += data;
      });
    }
  }

  /** Waits for the end; gives what went against the claims. */
  async ended(): Promise<string[]> {
    const [code] = (await once(this.#process, "exit")) as [number | null];
    const checked = this.#messages.filter(({ claim }) => claim !== undefined);
    const wrong = checked
      .filter(({ ok }) => ok !== true)
      .map(({ claim, actual }) => `${claim}, but it is ${actual}`);
    if (code !== 0) wrong.push(`ended with ${code}: ${this.#output}`);
    const names = new Set(checked.map(({ claim }) => claim));
    if (names.size < this.#claims) wrong.push(`made ${names.size} of ${this.#claims} claims`);
    return wrong;
  }

  /** Waits for a server of the snippet. */
  async origin(): Promise<string> {
    for (;;) {
      const port = this.#messages.find((message) => message.port !== undefined)?.port;
      if (port !== undefined) return `http://localhost:${port}`;
      if (this.#process.exitCode !== null) throw new Error(`It ended: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }
}

/** A `curl` line of a `console` block, and what the block says that it prints. */
export interface Request {
  readonly command: string;
  readonly method: string;
  readonly body: string | undefined;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly showsHead: boolean;
  readonly expected: string;
}

export function requestsOf({ code }: Snippet): Request[] {
  return code
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      // A line that ends in a backslash goes on in the next.
      const [command = "", ...printed] = part
        .trimEnd()
        .replaceAll(/\\\n\s*/g, "")
        .split("\n");
      const body = / -d '([^']*)'/.exec(command)?.[1];
      const url = /https?:\/\/[^\s"']+/.exec(command)?.[0] ?? "";
      const headers = [...command.matchAll(/-H (["'])([^:]+): *(.*?)\1/g)];
      return {
        command,
        method: / -X (\w+)/.exec(command)?.[1] ?? (body === undefined ? "GET" : "POST"),
        body,
        url: url.replace(/^https?:\/\/[^/]+/, ""),
        headers: headers.map(([, , name = "", value = ""]) => [name, value] as const),
        showsHead: / -i\b/.test(command),
        expected: printed.join("\n"),
      };
    });
}

/** What the command would print. */
export async function ask(origin: string, request: Request): Promise<string> {
  const response = await fetch(origin + request.url, {
    method: request.method,
    body: request.body ?? null,
    headers: request.headers.map(([name, value]): [string, string] => [name, value]),
    redirect: "manual",
  });
  const body = await response.text();
  if (!request.showsHead) return body;
  const said = request.expected.split("\n");
  const head = [
    `HTTP/1.1 ${response.status} ${response.statusText}`,
    ...[...response.headers].map(([name, value]) => `${name}: ${value}`),
  ];
  // A page shows the lines of the head that matter.
  return [...head.filter((line) => said.includes(line)), ...(body === "" ? [] : ["", body])].join(
    "\n",
  );
}
