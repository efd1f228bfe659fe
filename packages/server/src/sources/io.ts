import {
  type BigIntStats,
  type Dirent,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { lstat, readdir, readFile, readlink, realpath, stat } from "node:fs/promises";

/**
 * Work with files that can be done blocking, as at start, or without blocking, as in a serving
 * process. It is written once, as a generator that hands its file operations to whoever runs it.
 */
export type Io<T> = Generator<Operation, T, unknown>;

interface Operation {
  readonly blocking: () => unknown;
  readonly async: () => Promise<unknown>;
}

export function runBlocking<T>(work: Io<T>): T {
  let step = work.next();
  while (step.done !== true) {
    let outcome: unknown;
    try {
      outcome = step.value.blocking();
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(outcome);
  }
  return step.value;
}

export async function runAsync<T>(work: Io<T>): Promise<T> {
  let step = work.next();
  while (step.done !== true) {
    let outcome: unknown;
    try {
      outcome = await step.value.async();
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(outcome);
  }
  return step.value;
}

/** Follows symbolic links. */
export function statOf(path: string): Io<BigIntStats> {
  return perform(
    () => statSync(path, { bigint: true }),
    () => stat(path, { bigint: true }),
  );
}

/** Does not follow a symbolic link. */
export function linkStatOf(path: string): Io<BigIntStats> {
  return perform(
    () => lstatSync(path, { bigint: true }),
    () => lstat(path, { bigint: true }),
  );
}

export function entriesOf(path: string): Io<Dirent[]> {
  return perform(
    () => readdirSync(path, { withFileTypes: true }),
    () => readdir(path, { withFileTypes: true }),
  );
}

export function realPathOf(path: string): Io<string> {
  return perform(
    () => realpathSync(path),
    () => realpath(path),
  );
}

export function linkTargetOf(path: string): Io<string> {
  return perform(
    () => readlinkSync(path),
    () => readlink(path),
  );
}

export function bytesOf(path: string): Io<Buffer> {
  return perform(
    () => readFileSync(path),
    () => readFile(path),
  );
}

/** Lets others get their turn, where there are others. */
export function pause(): Io<void> {
  return perform(
    () => {},
    () => new Promise((resolve) => setImmediate(resolve)),
  );
}

/** The code of a failed system call, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

/** Whether a system call failed because there is nothing at that path. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function* perform<T>(blocking: () => T, async: () => Promise<T>): Io<T> {
  return (yield { blocking, async }) as T;
}
