// npm run bench:load [-- --check] [--samples=N]
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../support/bundle.ts";
import { optionsOf } from "../tools/options.ts";
import { answerOf, Program } from "../tools/program.ts";
import { median } from "../tools/statistics.ts";
import { manyFlags } from "./flags.ts";
import { toYaml } from "./yaml.ts";

const options = optionsOf({ check: false, samples: 7 });
const folder = mkdtempSync(join(tmpdir(), "halyard-load-"));

function line(
  what: string,
  figure: number,
  unit: string,
  must: number | undefined,
  aside = "",
): void {
  const missed = must !== undefined && !(figure < must);
  if (missed && options.check) process.exitCode = 1;
  const wanted = must === undefined ? "–" : `${missed ? "MISSED " : ""}${must} ${unit}`;
  console.log(`| ${what} | ${figure.toFixed(1)} ${unit} | ${wanted} | ${aside} |`);
}

interface Compiled {
  readonly check: number;
  readonly compile: number;
  readonly work: number;
  readonly retained: number;
  readonly document: number;
}

async function compile(): Promise<void> {
  const file = await bundle(new URL("compile.ts", import.meta.url));
  const samples: Compiled[] = [];
  for (let index = 0; index < options.samples; index++) {
    samples.push(await answerOf<Compiled>(file, { node: ["--expose-gc"] }));
  }
  const of = (figure: (sample: Compiled) => number): number => median(samples.map(figure));
  const best = Math.min(...samples.map(({ check, compile }) => check + compile));
  const parts = `check ${of(({ check }) => check).toFixed(0)}, compile ${of((sample) => sample.compile).toFixed(0)}`;
  const work = `work of the main thread alone ${of((sample) => sample.work).toFixed(0)}`;
  line(
    "check + compile",
    of(({ check, compile }) => check + compile),
    "ms",
    250,
    `${parts}, best ${best.toFixed(0)}; ${work}`,
  );
  const document = of((sample) => sample.document) / 1e6;
  const retained = of((sample) => sample.retained) / 1e6 + document;
  line("retained", retained, "MB", 45, `of it the parsed document ${document.toFixed(1)}`);
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  return path;
}

const FORMATS: Readonly<Record<string, (document: unknown) => string>> = {
  json: (document) => JSON.stringify(document),
  yaml: (document) => toYaml(document).trimStart(),
};

async function files(): Promise<void> {
  const file = await bundle(new URL("file.ts", import.meta.url), { built: true });
  for (const [format, textOf] of Object.entries(FORMATS)) {
    const text = textOf(manyFlags(10_000));
    const path = write(`cold.${format}`, text);
    const samples: number[] = [];
    for (let index = 0; index < Math.min(options.samples, 5); index++) {
      const answer = await answerOf<{ milliseconds: number; flags: number }>(file, {
        args: [path],
      });
      if (answer.flags !== 10_000) throw new Error(`${answer.flags} flags were loaded`);
      samples.push(answer.milliseconds);
    }
    const size = `${(text.length / 1e6).toFixed(1)} MB`;
    line(
      `start from ${format}`,
      median(samples),
      "ms",
      2000,
      `${size}, best ${Math.min(...samples).toFixed(0)}`,
    );
  }
}

interface Reloaded {
  readonly milliseconds: number;
  readonly longest: number;
  readonly collecting: number;
  readonly changed: number;
  readonly error?: string;
}

/** What changes, by a word that is put into the definitions, and in how many of them. */
const CHANGES: readonly (readonly [string, number])[] = [
  ["one flag changed", 1],
  ["every flag changed", 10_000],
];

async function reloads(): Promise<void> {
  const serverFile = await bundle(new URL("reload.ts", import.meta.url), { built: true });
  const loadFile = await bundle(new URL("../http/load.ts", import.meta.url));
  for (const [format, textOf] of Object.entries(FORMATS)) {
    const { flags } = manyFlags(10_000);
    const [key = ""] = Object.keys(flags);
    const path = write(`watched.${format}`, textOf({ flags }));
    const server = new Program(serverFile, { args: [path, key] });
    const load = new Program(loadFile);
    try {
      await load.ask();
      const port = await server.ask<number>();
      const samples = new Map(CHANGES.map(([what]) => [what, [] as Reloaded[]]));
      for (let index = 0; index < Math.min(options.samples, 5); index++) {
        for (const [what, count] of CHANGES) {
          const changed = manyFlags(10_000, ` ${format} ${index} ${what}`).flags;
          Object.assign(flags, Object.fromEntries(Object.entries(changed).slice(0, count)));
          const text = textOf({ flags });
          await server.ask("watch");
          const delivered = load.ask({ port, connections: 4, milliseconds: 1500 });
          write(`watched.${format}`, text);
          const reloaded = await server.ask<Reloaded>();
          await delivered;
          if (reloaded.error !== undefined) throw new Error(reloaded.error);
          samples.get(what)?.push(reloaded);
        }
      }
      for (const [what, taken] of samples) {
        const of = (figure: (sample: Reloaded) => number): number => median(taken.map(figure));
        const worst = Math.max(...taken.map(({ longest }) => longest));
        const aside = `worst ${worst.toFixed(0)}, longest collection ${of(({ collecting }) => collecting).toFixed(0)}, until served ${of(({ milliseconds }) => milliseconds).toFixed(0)}, ${of(({ changed }) => changed)} flags reported`;
        line(
          `longest stall, ${format}, ${what}`,
          of(({ longest }) => longest),
          "ms",
          50,
          aside,
        );
      }
    } finally {
      await Promise.all([server.stop(), load.stop()]);
    }
  }
}

console.log("| 10,000 flags of five rules of two clauses | | must be below | |");
console.log("| --- | --: | --: | --- |");
try {
  await compile();
  await files();
  await reloads();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
