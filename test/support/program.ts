import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { bundleText } from "./bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Milliseconds after which a program that does not end is ended. */
const MAX_TIME = 20_000;

type Program = ChildProcessByStdio<Writable, Readable, Readable>;

/** A process of its own for a program in TypeScript, which may import what the workspace has. */
export async function startProgram(code: string): Promise<Program> {
  const text = await bundleText({ code });
  const options = { cwd: root, timeout: MAX_TIME } as const;
  const program = spawn(process.execPath, ["--input-type=module"], options);
  program.stdin.end(text);
  return program;
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What it has written when it has ended. */
export async function ended(program: Program): Promise<ProgramEnd> {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    program[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const [code] = (await once(program, "close")) as [number | null];
  return { code, ...texts };
}
