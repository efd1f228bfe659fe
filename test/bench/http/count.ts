// npm run bench:http:count [-- --check] [--processes=N] [--warm=N] [--requests=N] [--only=koa]
//
// What a request costs a server in instructions of the processor, counted by valgrind: the same on
// a busy machine as on a quiet one. What the system does for a request is not among them and is the
// same for all of these servers: its part of the work is measured in time, of the bare one.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../support/bundle.ts";
import { optionsOf } from "../tools/options.ts";
import { Program } from "../tools/program.ts";
import { KINDS, MUSTS } from "./kinds.ts";
import { firstAnswer, REQUEST } from "./request.ts";

const options = optionsOf({
  check: false,
  processes: 4,
  warm: 40_000,
  requests: 4000,
  windows: 6,
  connections: 50,
  only: "",
});

const serverFile = await bundle(new URL("server.ts", import.meta.url));

/** Connections that stay open, each with one request at a time. */
class Load {
  readonly #sockets: Socket[] = [];
  #unsent = 0;
  #unanswered = 0;
  #done: () => void = () => {};
  #failed: (error: Error) => void = () => {};

  async connect(port: number, connections: number): Promise<void> {
    const length = await firstAnswer(port);
    while (this.#sockets.length < connections) {
      const socket = connect(port, "127.0.0.1");
      await new Promise((resolve, reject) => socket.on("connect", resolve).on("error", reject));
      socket.on("close", () => this.#failed(new Error("the server closed a connection")));
      // An answer is one write of the server's, and short enough to arrive as one.
      socket.on("data", (chunk) => {
        if (chunk.length !== length) this.#failed(new Error(`another answer: ${chunk}`));
        this.#unanswered--;
        if (this.#unsent > 0) this.#send(socket);
        else if (this.#unanswered === 0) this.#done();
      });
      this.#sockets.push(socket);
    }
  }

  deliver(requests: number): Promise<void> {
    this.#unsent = requests;
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
      for (const socket of this.#sockets) this.#send(socket);
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #send(socket: Socket): void {
    this.#unsent--;
    this.#unanswered++;
    socket.write(REQUEST);
  }
}

/** Tells callgrind, in the server's process, to do something. */
function control(pid: number | undefined, ...request: string[]): void {
  const { status, stderr } = spawnSync("callgrind_control", [...request, String(pid)]);
  if (status !== 0) throw new Error(`callgrind_control failed: ${stderr}`);
}

/** The instructions of the window whose counts were written to this folder, which is then empty. */
function taken(folder: string): number {
  const totals = readdirSync(folder).map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    rmSync(join(folder, name));
    return Number(/^(?:totals|summary): (\d+)/m.exec(text)?.[1] ?? 0);
  });
  return Math.max(...totals);
}

/** Instructions a request of one fresh server, in the window in which it took the fewest. */
async function count(framework: string, kind: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "halyard-count-"));
  const load = new Load();
  const out = `--callgrind-out-file=${join(folder, "out")}`;
  const server = new Program(serverFile, {
    args: [framework, ...(KINDS[kind] ?? [])],
    under: ["valgrind", "--tool=callgrind", "--quiet", "--instr-atstart=no", out],
    // Else what another thread compiles comes at another time in each process.
    node: ["--no-concurrent-recompilation", "--single-threaded-gc"],
    timeout: 600_000,
  });
  try {
    await load.connect(await server.ask<number>(), options.connections);
    await load.deliver(options.warm);
    control(server.pid, "-i", "on");
    const windows: number[] = [];
    while (windows.length < options.windows) {
      control(server.pid, "-z");
      await load.deliver(options.requests);
      control(server.pid, "-d");
      windows.push(taken(folder) / options.requests);
    }
    return Math.min(...windows);
  } finally {
    load.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Which part of a bare server's work is its own, and not the system's. */
async function ownShare(framework: string): Promise<number> {
  const load = new Load();
  const server = new Program(serverFile, { args: [framework] });
  try {
    await load.connect(await server.ask<number>(), options.connections);
    await load.deliver(options.warm);
    const before = await server.ask<NodeJS.CpuUsage>("work");
    await load.deliver(options.warm);
    const after = await server.ask<NodeJS.CpuUsage>("work");
    const [user, system] = [after.user - before.user, after.system - before.system];
    return user / (user + system);
  } finally {
    load.close();
    await server.stop();
  }
}

/** As many processes at once as there are cores: they don't disturb what is counted. */
async function countEach(framework: string, kind: string): Promise<number[]> {
  const counts: number[] = [];
  while (counts.length < options.processes) {
    const atOnce = Math.min(availableParallelism(), options.processes - counts.length);
    const batch = Array.from({ length: atOnce }, () => count(framework, kind));
    counts.push(...(await Promise.all(batch)));
  }
  return counts;
}

if (spawnSync("callgrind_control", ["--version"]).status !== 0) {
  throw new Error("valgrind is not installed: apt-get install valgrind");
}
const figure = (value: number): string => Math.round(value).toLocaleString("en");
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

console.log("| | instructions a request | at most | of the bare one | must |");
console.log("| --- | --: | --: | --: | --: |");
for (const framework of Object.keys(MUSTS)) {
  if (options.only !== "" && options.only !== framework) continue;
  const own = await ownShare(framework);
  let bare = Number.NaN;
  for (const kind of Object.keys(KINDS)) {
    const counts = await countEach(framework, kind);
    // The least, once more: in the others, the collector was copying old requests that chains of
    // them keep alive, which happens to all of these servers by chance, and adds a half.
    const instructions = Math.min(...counts);
    if (kind === "bare") bare = instructions;
    const must = MUSTS[framework]?.[kind];
    const part = 1 / (1 + own * (instructions / bare - 1));
    const missed = must !== undefined && part < must;
    if (missed && options.check) process.exitCode = 1;
    const cells = [
      `${framework}, ${kind}`,
      figure(instructions),
      figure(Math.max(...counts)),
      kind === "bare" ? `(${percent(own)} of the work is its own)` : percent(part),
      must === undefined ? "–" : `${missed ? "MISSED " : ""}${percent(must)}`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
