// What counting or telling a read costs: npm run bench:metrics [-- --rounds=N]
import { bundle } from "../../support/bundle.ts";
import { optionsOf } from "../tools/options.ts";
import { Program } from "../tools/program.ts";
import { median } from "../tools/statistics.ts";

const { rounds } = optionsOf({ rounds: 15 });
const file = await bundle(new URL("measure.ts", import.meta.url));
const first = new Program(file, { args: ["uncounted"] });
const ways = await first.ask<string[]>();
const programs = new Map([["uncounted", first]]);
for (const way of ways.slice(1)) {
  const program = new Program(file, { args: [way] });
  await program.ask();
  programs.set(way, program);
}

// In turn, so that noise hits all alike.
const samples = new Map<string, Map<string, number[]>>();
for (let round = 0; round < rounds; round++) {
  for (const [way, program] of programs) {
    const taken = await program.ask<Record<string, number>>({});
    for (const [read, nanoseconds] of Object.entries(taken)) {
      const byWay = samples.get(read) ?? new Map<string, number[]>();
      samples.set(read, byWay.set(way, [...(byWay.get(way) ?? []), nanoseconds]));
    }
  }
}
for (const program of programs.values()) await program.stop();

const MOST = 60;
console.log(`ns a read, the ratio to uncounted, and what counting adds (must be below ${MOST})`);
console.log("Analytics may add more: they know subjects, not only flags.");
for (const [read, byWay] of samples) {
  const least = median(byWay.get("uncounted") ?? []);
  console.log(read);
  for (const [way, taken] of byWay) {
    const took = median(taken);
    const added = took - least;
    const figures = `${took.toFixed(1)} ns   × ${(took / least).toFixed(2)}   + ${added.toFixed(1)} ns`;
    console.log(`  ${way.padEnd(24)} ${figures}`);
    // Failing reads, which make their details anew, are dearer: they are told, not limited.
    if (way === "prometheus" && read !== "unknown" && added >= MOST) process.exitCode = 1;
  }
}
