// npm run bench:state: what overrides cost a read, and what stores take for many of them.
import { bundle } from "../../support/bundle.ts";
import { answerOf } from "../tools/program.ts";

interface Ladder {
  readonly rows: readonly { readonly name: string; readonly nanoseconds: number }[];
  /** Bytes a read. */
  readonly allocated: number;
}

const { rows, allocated } = await answerOf<Ladder>(
  await bundle(new URL("ladder.ts", import.meta.url)),
);
const first = rows[0]?.nanoseconds ?? Number.NaN;
console.log("| A read with | ns | more |\n| --- | --: | --: |");
for (const { name, nanoseconds } of rows) {
  console.log(`| ${name} | ${nanoseconds.toFixed(1)} | ${(nanoseconds - first).toFixed(1)} |`);
}
console.log(`\n${allocated.toFixed(3)} bytes are allocated a read.\n`);
await import("./subjects.ts");
