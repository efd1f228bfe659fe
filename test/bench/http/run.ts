// npm run bench:http [-- --check] [--rounds=N] [--seconds=N] [--only=fastify]

import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { bundle } from "../tools/bundle.ts";
import { optionsOf } from "../tools/options.ts";
import { Program } from "../tools/program.ts";
import { median } from "../tools/statistics.ts";
import type { Delivery, Order } from "./load.ts";

const options = optionsOf({ check: false, rounds: 7, seconds: 1.5, connections: 50, only: "" });

/** Parts of the bare server's requests per second: with one read each, and with twenty. */
const MUSTS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  express: { "1 read": 0.98 },
  koa: { "1 read": 0.98 },
  fastify: { "1 read": 0.93, "20 reads": 0.8 },
};

const KINDS: Readonly<Record<string, readonly string[]>> = {
  bare: [],
  "bare again": [],
  "an empty middleware": ["empty"],
  "1 read": ["1"],
  "20 reads": ["20"],
};

interface Sample {
  readonly perSecond: number;
  /** Requests a second of the server's own work: what it can do when the machine is its own. */
  readonly perSecondOfWork: number;
}

const apart = availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;
const serverFile = await bundle(new URL("server.ts", import.meta.url));
const loadFile = await bundle(new URL("load.ts", import.meta.url));

async function sample(server: Program, load: Program, order: Order): Promise<Sample> {
  const before = await server.ask<number>("work");
  const { requests, milliseconds } = await load.ask<Delivery>(order);
  const work = (await server.ask<number>("work")) - before;
  return { perSecond: (requests * 1000) / milliseconds, perSecondOfWork: (requests * 1e6) / work };
}

async function measure(framework: string): Promise<Map<string, Sample[]>> {
  const load = new Program(loadFile, { core: apart ? 1 : undefined });
  const servers = new Map<string, { program: Program; port: number }>();
  const samples = new Map<string, Sample[]>();
  try {
    await load.ask();
    for (const [kind, args] of Object.entries(KINDS)) {
      const core = apart ? 0 : undefined;
      const program = new Program(serverFile, { args: [framework, ...args], core });
      servers.set(kind, { program, port: await program.ask<number>() });
    }
    const { connections } = options;
    const milliseconds = options.seconds * 1000;
    for (const { program, port } of servers.values()) {
      await sample(program, load, { port, connections, milliseconds: 2 * milliseconds });
    }
    for (let round = 0; round < options.rounds; round++) {
      // Another order each round: whoever comes after a slow one shares in what it left.
      const order = [...servers];
      order.push(...order.splice(0, round % order.length));
      for (const [kind, { program, port }] of order) {
        const taken = await sample(program, load, { port, connections, milliseconds });
        samples.set(kind, [...(samples.get(kind) ?? []), taken]);
      }
    }
  } finally {
    await Promise.all(
      [load, ...[...servers.values()].map(({ program }) => program)].map((program) =>
        program.stop(),
      ),
    );
  }
  return samples;
}

console.log(
  "| | requests a second | of the bare one | a second of work | of the bare one | must |",
);
console.log("| --- | --: | --: | --: | --: | --: |");
for (const framework of Object.keys(MUSTS)) {
  if (options.only !== "" && options.only !== framework) continue;
  const samples = await measure(framework);
  const bare = samples.get("bare") ?? [];
  for (const [kind, taken] of samples) {
    const share = (of: keyof Sample): number =>
      median(taken.map((value, index) => value[of] / (bare[index]?.[of] ?? Number.NaN)));
    const must = MUSTS[framework]?.[kind];
    const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
    const thousands = (of: keyof Sample): string =>
      Math.round(median(taken.map((value) => value[of]))).toLocaleString("en");
    const missed = must !== undefined && share("perSecondOfWork") < must;
    if (missed && options.check) process.exitCode = 1;
    console.log(
      `| ${framework}, ${kind} | ${thousands("perSecond")} | ${percent(share("perSecond"))} | ${thousands("perSecondOfWork")} | ${percent(share("perSecondOfWork"))} | ${must === undefined ? "–" : `${missed ? "MISSED " : ""}${percent(must)}`} |`,
    );
  }
}
