// One server in a process of its own: `main.ts <framework> <file of flags>`. Talks with the test
// that started it; ends by itself once it is told to close, if nothing keeps it.
import { readdirSync } from "node:fs";
import { createFlags, fileSource } from "@halyard/server";
import { portOf, type StartApp } from "./app.ts";
import { startExpress } from "./express.ts";
import { startFastify } from "./fastify.ts";
import { startKoa } from "./koa.ts";
import { type Answer, type Measure, openIn, type Question } from "./messages.ts";

const STARTS: Readonly<Record<string, StartApp>> = {
  express: startExpress,
  koa: startKoa,
  fastify: startFastify,
};

const [framework = "", file = ""] = process.argv.slice(2);
const start = STARTS[framework];
if (start === undefined) throw new Error(`There is no framework "${framework}".`);

let reloads = 0;
let refusals = 0;
const warnings: string[] = [];
process.on("warning", (warning) => {
  warnings.push(String((warning as { code?: unknown }).code ?? warning.name));
});

const quiet = () => {};
const flags = createFlags({
  environment: "test",
  sources: [fileSource({ paths: file, debounce: 5, pollInterval: 500 })],
  userAttributes: ["plan"],
  headers: { country: "x-country" },
  anonymous: true,
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  hooks: {
    onReload: ({ error }) => {
      reloads++;
      if (error !== undefined) refusals++;
    },
  },
});
const app = await start(flags);

function measure(): Measure {
  globalThis.gc?.();
  globalThis.gc?.();
  return {
    heap: process.memoryUsage().heapUsed,
    descriptors: descriptors(),
    resources: count(process.getActiveResourcesInfo()),
    listeners: Object.fromEntries(
      process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    ),
    reloads,
    refusals,
    warnings,
  };
}

/**
 * Handles that were closed take a few turns to be gone, and a look at a file that was under way
 * ends by itself; what is to stay for ever, stays.
 */
async function settledMeasure(): Promise<Measure> {
  let last = measure();
  for (let turn = 0; turn < 100 && openIn(last).length > 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    last = measure();
  }
  return last;
}

function descriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function say(answer: Answer): void {
  process.send?.(answer);
}

async function answer(question: Question): Promise<void> {
  switch (question.ask) {
    case "measure":
      return say({ says: "measured", measure: measure() });
    case "kill": {
      const actor = { id: "soak", type: "test" };
      if (question.killed) await flags.overrides.kill("killable", { actor, reason: "soak" });
      else await flags.overrides.restore("killable", { actor });
      return say({ says: "done" });
    }
    case "close":
      await app.close();
      await flags.close();
      say({ says: "closed", measure: await settledMeasure() });
      // From here on nothing may keep the process.
      process.disconnect();
  }
}

process.on("message", (question: Question) => void answer(question));
say({ says: "listening", port: portOf(app.server) });
