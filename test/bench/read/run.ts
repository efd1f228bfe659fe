// npm run bench [-- --write] [--check] [--repeats=N] [--only=halyard,ceiling]
import { bundle } from "../../support/bundle.ts";
import { optionsOf } from "../tools/options.ts";
import { Program } from "../tools/program.ts";
import { replaceInReadme } from "../tools/readme.ts";
import { median, spread } from "../tools/statistics.ts";
import type { Scenario } from "./contestant.ts";
import { CONTESTANTS, type ContestantName } from "./contestants/index.ts";
import type { Question } from "./measure.ts";
import { factorOf, gaugeText, MUSTS, type Results, report, tables } from "./report.ts";

const options = optionsOf({
  write: false,
  check: false,
  repeats: 2,
  rounds: 8,
  warm: 1500,
  only: "",
});
const names = Object.keys(CONTESTANTS) as ContestantName[];
const chosen =
  options.only === "" ? names : (`${options.only},gauge`.split(",") as ContestantName[]);

const file = await bundle(new URL("measure.ts", import.meta.url));
const samples = new Map<string, number[]>();
const titles = new Map<ContestantName, string>();

interface Running {
  readonly name: ContestantName;
  readonly program: Program;
  readonly able: readonly Scenario[];
}

async function start(name: ContestantName): Promise<Running> {
  const program = new Program(file, { args: [name] });
  const { name: title, able } = await program.ask<{ name: string; able: Scenario[] }>();
  titles.set(name, title);
  return { name, program, able };
}

/** Everybody once, each alone: warmed up, then sampled in turn, so that noise hits all alike. */
async function repeat(): Promise<void> {
  const running: Running[] = [];
  try {
    for (const name of chosen) running.push(await start(name));
    for (const { program, able } of running) {
      for (const scenario of able) {
        await program.ask({ warm: scenario, milliseconds: options.warm } satisfies Question);
      }
    }
    for (let round = 0; round < options.rounds; round++) await sampleAll(running);
  } finally {
    for (const { program } of running) await program.stop();
  }
}

async function sampleAll(running: readonly Running[]): Promise<void> {
  for (const { name, program, able } of running) {
    for (const scenario of able) {
      const taken = await program.ask<number[]>({ sample: scenario } satisfies Question);
      const key = `${name} ${scenario}`;
      samples.set(key, [...(samples.get(key) ?? []), ...taken]);
    }
  }
}

for (let index = 0; index < options.repeats; index++) {
  console.error(`Round ${index + 1} of ${options.repeats} …`);
  await repeat();
}

const gauge = samples.get("gauge on") ?? [];
const results: Results = {
  titles,
  nanoseconds: (name, scenario) => {
    const taken = samples.get(`${name} ${scenario}`);
    return taken === undefined ? undefined : median(taken);
  },
  gauge: { nanoseconds: median(gauge), deviation: spread(gauge) / 2 },
};
console.log(report(results, chosen));
console.log(`The gauge costs ${gaugeText(results)} here.`);

if (options.write) replaceInReadme("bench", tables(results, chosen));

if (options.check) {
  for (const [scenario, must] of Object.entries(MUSTS) as [Scenario, number][]) {
    const took = (results.nanoseconds("halyard", scenario) ?? Number.NaN) * factorOf(results);
    if (took < must) continue;
    console.error(`${scenario}: ${took.toFixed(1)} ns after normalisation, must be below ${must}`);
    process.exitCode = 1;
  }
}
