// The process of one contestant: reads when it is told to, and answers what a read took.
import { refuseNetwork } from "../tools/offline.ts";
import { type Read, type Reads, SCENARIOS, type Scenario } from "./contestant.ts";
import { CONTESTANTS, type ContestantName } from "./contestants/index.ts";
import { benchFlags, userOf } from "./flags.ts";

export type Question =
  | { readonly warm: Scenario; readonly milliseconds: number }
  | { readonly sample: Scenario };

/** Milliseconds of one sample, and how many are taken at a time. */
const SAMPLE = 20;
const SAMPLES = 5;

type Loop = (count: number) => Promise<number> | number;

const loops = new Map<Scenario, Loop>();
const counts = new Map<Scenario, number>();

/**
 * A loop of its own for each scenario: in a shared one the call would be megamorphic, and cost
 * everybody the same nanoseconds again.
 */
function loopOf({ run, async }: Read): Loop {
  const [kind, wait] = async === true ? ["async ", "await "] : ["", ""];
  const body = `return ${kind}function (count) {
    let absent = 0;
    for (let index = 0; index < count; index++) if (${wait}run(index) === undefined) absent++;
    return absent;
  };`;
  return new Function("run", body)(run) as Loop;
}

/** Milliseconds of the processor, collection of garbage included: others' work costs nobody. */
async function timed(loop: Loop, count: number): Promise<number> {
  const before = process.cpuUsage();
  const result = loop(count);
  if (typeof result !== "number") await result;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function warm(scenario: Scenario, milliseconds: number): Promise<void> {
  const loop = loops.get(scenario) as Loop;
  let count = 10;
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const took = await timed(loop, count);
    if (took < SAMPLE) count = Math.ceil(count * Math.min(4, SAMPLE / Math.max(took, 0.01)));
  }
  const took = await timed(loop, count);
  counts.set(scenario, Math.max(1, Math.round((count * SAMPLE) / took)));
}

/** Nanoseconds a read. */
async function sample(scenario: Scenario): Promise<number[]> {
  const loop = loops.get(scenario) as Loop;
  const count = counts.get(scenario) ?? 1;
  const samples: number[] = [];
  for (let index = 0; index < SAMPLES; index++) {
    samples.push(((await timed(loop, count)) * 1e6) / count);
  }
  return samples;
}

const VARIANTS: readonly unknown[] = ["red", "green", "blue", "grey"];

const EXPECTED: Readonly<Record<Scenario, (value: unknown) => boolean>> = {
  off: (value) => value === false,
  on: (value) => value === true,
  rule: (value) => value === true,
  rollout: (value) => typeof value === "boolean",
  variants: (value) => VARIANTS.includes(value),
  ten: (value) => value === true,
  semver: (value) => value === true,
  details: (value) => value === true,
  missing: (value) => value === false,
  another: (value) => value !== undefined && value !== null,
  all: (value) => value === 1000,
};

/** Nobody gets a good time for a wrong answer. */
async function prepare(name: string, reads: Reads): Promise<Scenario[]> {
  const able = SCENARIOS.filter((scenario) => reads[scenario] !== undefined);
  for (const scenario of able) {
    const read = reads[scenario] as Read;
    const result = await read.run(1);
    const value = read.plain === undefined ? result : read.plain(result as never);
    if (!EXPECTED[scenario](value)) {
      throw new Error(`${name} answers ${JSON.stringify(value)} in the scenario ${scenario}`);
    }
    loops.set(scenario, loopOf(read));
  }
  return able;
}

const contestant = await CONTESTANTS[process.argv[2] as ContestantName]();
refuseNetwork();
const users = Array.from({ length: 1000 }, (_, index) => userOf(index));
const able = await prepare(contestant.name, await contestant.open(benchFlags(), users));
process.on("message", (question: Question) => {
  const answer =
    "warm" in question ? warm(question.warm, question.milliseconds) : sample(question.sample);
  answer.then(
    (result) => process.send?.(result ?? true),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send?.({ name: contestant.name, able });
