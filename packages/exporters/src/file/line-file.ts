import { type FileHandle, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { exportFailed, reasonOf } from "../shared/failure.ts";
import type { LineFileOptions } from "./rotation.ts";
import { inTurn } from "./turns.ts";

const MAX_SIZE = 100 * 1024 * 1024;
const MAX_FILES = 5;

/** Events are about people. */
const MODE = 0o600;

const NEWLINE = 10;

/** Appends lines to a file: all of a text, or nothing. */
export class LineFile {
  readonly #path: string;
  readonly #maxSize: number;
  readonly #maxFiles: number;
  readonly #maxAge: number;
  #handle: FileHandle | undefined;
  /** When the file was begun, if it was here; epoch milliseconds. Not every system keeps that. */
  #begun: number | undefined;

  constructor({ path, maxSize = MAX_SIZE, maxFiles = MAX_FILES, maxAge }: LineFileOptions) {
    this.#path = path;
    this.#maxSize = maxSize;
    this.#maxFiles = maxFiles;
    this.#maxAge = maxAge ?? Number.POSITIVE_INFINITY;
  }

  /** Rejects with `EXPORT_FAILED` when the file can't be written; the next call begins anew. */
  append(lines: string): Promise<void> {
    return inTurn(this.#path, () => this.#append(lines));
  }

  async #append(lines: string): Promise<void> {
    try {
      const bytes = Buffer.from(lines);
      await this.#rotateFor(bytes.length);
      const handle = await this.#current();
      await appendAll(handle, (await isTorn(this.#path, handle)) ? withNewline(bytes) : bytes);
    } catch (error) {
      await this.#release();
      throw exportFailed(`${this.#path} can't be written: ${reasonOf(error)}`, error);
    }
  }

  /** The file of that name: somebody may have moved the one that is open, or taken it away. */
  async #current(): Promise<FileHandle> {
    if (this.#handle !== undefined) {
      const [mine, there] = await Promise.all([this.#handle.stat(), found(this.#path)]);
      if (there?.ino === mine.ino && there.dev === mine.dev) return this.#handle;
      await this.#release();
      this.#begun = undefined;
    }
    await mkdir(dirname(this.#path), { recursive: true });
    this.#handle = await open(this.#path, "a", MODE);
    const { size } = await this.#handle.stat();
    if (size === 0) this.#begun = Date.now();
    return this.#handle;
  }

  async #rotateFor(bytes: number): Promise<void> {
    const there = await found(this.#path);
    if (there === undefined || !there.isFile() || there.size === 0) return;
    const age = Date.now() - (this.#begun ?? there.birthtimeMs);
    if (there.size + bytes <= this.#maxSize && age < this.#maxAge) return;
    await this.#release();
    for (let index = this.#maxFiles - 1; index >= 1; index--) {
      await move(`${this.#path}.${index}`, `${this.#path}.${index + 1}`);
    }
    await move(this.#path, `${this.#path}.1`);
    this.#begun = undefined;
  }

  /** Resolves once what was appended is on the disk. */
  async flush(): Promise<void> {
    try {
      await this.#handle?.datasync();
    } catch (error) {
      // What is no file, such as a pipe, can't do that.
      if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    }
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#release();
    }
  }

  async #release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    // What it could still complain of has been reported, or is nobody's loss.
    await handle?.close().catch(() => {});
  }
}

/** Takes back what was written when the rest can't be: half a line is none. */
async function appendAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  const { size } = await handle.stat();
  let written = 0;
  try {
    while (written < bytes.length) {
      const { bytesWritten } = await handle.write(bytes, written);
      written += bytesWritten;
    }
  } catch (error) {
    if (written > 0) {
      const now = await handle.stat();
      // Unless somebody else has written since. If it fails, the next line begins on its own.
      if (now.size === size + written) await handle.truncate(size).catch(() => {});
    }
    throw error;
  }
}

/** Whether the last line has no end, as after a crash. */
async function isTorn(path: string, handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const reader = await open(path, "r");
  try {
    const { bytesRead, buffer } = await reader.read(Buffer.alloc(1), 0, 1, size - 1);
    return bytesRead === 1 && buffer[0] !== NEWLINE;
  } finally {
    await reader.close();
  }
}

function withNewline(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from("\n"), bytes]);
}

async function found(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
