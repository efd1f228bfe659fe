// The long version: `npm run soak -- --minutes 10 [--framework koa]`. Ends by itself.
import { parseArgs } from "node:util";
import { FRAMEWORKS, type Framework } from "../support/server-process.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, framework: { type: "string" } },
});
const minutes = Number(values.minutes);
const chosen = FRAMEWORKS.filter((name) => name === (values.framework ?? name));
if (!(minutes > 0) || chosen.length === 0) {
  console.error(`usage: npm run soak -- --minutes 10 [--framework ${FRAMEWORKS.join("|")}]`);
  process.exit(2);
}

/** Each framework gets its share of the time, alone. */
async function run(framework: Framework): Promise<boolean> {
  console.log(`${framework}, ${minutes} minutes …`);
  const { problems, heap, ...counts } = await soak({ framework, seconds: minutes * 60 });
  console.log(counts);
  console.log(`heap in MB: ${heap.join(" ")}`);
  for (const problem of problems) console.error(`WRONG: ${problem}`);
  return problems.length === 0;
}

for (const framework of chosen) {
  if (!(await run(framework))) process.exitCode = 1;
}
