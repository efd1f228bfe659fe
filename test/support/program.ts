import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A process of its own for a program in TypeScript, which may import the packages. */
export function startProgram(code: string): ChildProcessByStdio<null, Readable, Readable> {
  const options = ["--conditions=@halyard/source", "--import", "tsx", "--input-type=module"];
  return spawn(process.execPath, [...options, "-e", code], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What it has written when it has ended. */
export async function ended(
  program: ChildProcessByStdio<null, Readable, Readable>,
): Promise<ProgramEnd> {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    program[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const [code] = (await once(program, "close")) as [number | null];
  return { code, ...texts };
}
