// npm run bench:http [-- --check] [--groups=N] [--rounds=N] [--seconds=N] [--only=fastify]
//
// Servers with and without Halyard take turns on one core, the load comes from another. What counts
// is the median of the ratios of neighbours in time, by the processor time that requests take:
// whatever else the machine does then slows both. The second bare server shows what noise is left.

import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { bundle } from "../../support/bundle.ts";
import { optionsOf } from "../tools/options.ts";
import { Program } from "../tools/program.ts";
import { median } from "../tools/statistics.ts";
import { KINDS, MUSTS } from "./kinds.ts";
import type { Delivery, Order } from "./load.ts";

const options = optionsOf({
  check: false,
  groups: 6,
  rounds: 9,
  seconds: 0.2,
  warmup: 2,
  connections: 50,
  only: "",
});

interface Sample {
  readonly perSecond: number;
  /** Requests a second of the server's own work: what it can do when the machine is its own. */
  readonly perSecondOfWork: number;
}

const apart = availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;
const serverFile = await bundle(new URL("server.ts", import.meta.url));
const loadFile = await bundle(new URL("load.ts", import.meta.url));

/** Microseconds that the server has worked. */
async function workOf(server: Program): Promise<number> {
  const { user, system } = await server.ask<NodeJS.CpuUsage>("work");
  return user + system;
}

async function sample(server: Program, load: Program, order: Order): Promise<Sample> {
  const before = await workOf(server);
  const { requests, milliseconds } = await load.ask<Delivery>(order);
  const work = (await workOf(server)) - before;
  return { perSecond: (requests * 1000) / milliseconds, perSecondOfWork: (requests * 1e6) / work };
}

/** One group of fresh servers, of each kind one: the samples of each round by kind. */
async function measure(framework: string, group: number): Promise<Map<string, Sample>[]> {
  const load = new Program(loadFile, { core: apart ? 1 : undefined });
  const servers = new Map<string, { program: Program; port: number }>();
  const rounds: Map<string, Sample>[] = [];
  try {
    await load.ask();
    // Another one is started and warmed up first in each group.
    for (const [kind, args] of turned(Object.entries(KINDS), group)) {
      const core = apart ? 0 : undefined;
      const program = new Program(serverFile, { args: [framework, ...args], core });
      servers.set(kind, { program, port: await program.ask<number>() });
    }
    const { connections } = options;
    // Twice: the first time, the load is still warming up itself.
    for (const { program, port } of [...servers.values(), ...servers.values()]) {
      await sample(program, load, { port, connections, milliseconds: options.warmup * 500 });
    }
    for (let round = 0; round < options.rounds; round++) {
      // Another order each round: whoever comes after a slow one shares in what it left.
      const order = turned([...servers], round);
      if (round % 2 === 1) order.reverse();
      const samples = new Map<string, Sample>();
      for (const [kind, { program, port }] of order) {
        const milliseconds = options.seconds * 1000;
        samples.set(kind, await sample(program, load, { port, connections, milliseconds }));
      }
      rounds.push(samples);
    }
  } finally {
    const programs = [load, ...[...servers.values()].map(({ program }) => program)];
    await Promise.all(programs.map((program) => program.stop()));
  }
  return rounds;
}

/** The values from the one of that number on, and then those before it. */
function turned<Value>(values: readonly Value[], number: number): Value[] {
  const start = number % values.length;
  return [...values.slice(start), ...values.slice(0, start)];
}

/** What part of the bare servers' requests another makes, beside them in the same round. */
function shareOf(round: ReadonlyMap<string, Sample>, kind: string, of: keyof Sample): number {
  const value = (name: string): number => round.get(name)?.[of] ?? Number.NaN;
  // Between themselves, the two bare ones tell the noise.
  if (kind === "bare again") return value(kind) / value("bare");
  return (2 * value(kind)) / (value("bare") + value("bare again"));
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

console.log(
  "| | requests a second | of the bare one | of the bare one by work | from, to | must |",
);
console.log("| --- | --: | --: | --: | --: | --: |");
for (const framework of Object.keys(MUSTS)) {
  if (options.only !== "" && options.only !== framework) continue;
  const groups: Map<string, Sample>[][] = [];
  for (let group = 0; group < options.groups; group++) groups.push(await measure(framework, group));
  for (const kind of Object.keys(KINDS)) {
    // A median of each group: no two processes run the same code at quite the same speed, so
    // that more rounds alone would measure the processes.
    const shares = (of: keyof Sample): number[] =>
      groups.map((rounds) => median(rounds.map((round) => shareOf(round, kind, of))));
    const perSecond = median(groups.flat().map((round) => round.get(kind)?.perSecond ?? 0));
    const byWork = shares("perSecondOfWork");
    const must = MUSTS[framework]?.[kind];
    const missed = must !== undefined && median(byWork) < must;
    if (missed && options.check) process.exitCode = 1;
    const cells = [
      `${framework}, ${kind}`,
      Math.round(perSecond).toLocaleString("en"),
      kind === "bare" ? "–" : percent(median(shares("perSecond"))),
      kind === "bare" ? "–" : percent(median(byWork)),
      kind === "bare" ? "–" : `${percent(Math.min(...byWork))}, ${percent(Math.max(...byWork))}`,
      must === undefined ? "–" : `${missed ? "MISSED " : ""}${percent(must)}`,
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
