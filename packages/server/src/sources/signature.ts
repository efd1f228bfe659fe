import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { FoundFile } from "./discover.ts";
import { type Io, pause, systemCode } from "./io.ts";

/** What is known of a file's content without its content. */
export interface FileSignature {
  /** Which file it is, its size and its times. Permissions and renaming change it too. */
  readonly stamp: string;
  /** Of the content, where the stamp alone did not settle the matter. */
  readonly hash: string | undefined;
  /** Another write might have left the stamp as it is: the next look is at the content. */
  readonly open: boolean;
}

/** By the file's name. */
export type Signatures = ReadonlyMap<string, FileSignature>;

/**
 * Milliseconds. The kernel's clock for files ticks every few milliseconds, that of some file
 * systems every two seconds: a second write within a tick leaves the times as they are.
 */
const GRANULARITY = 2_100;

function stampOf({ realPath, stats }: FoundFile): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return [realPath, dev, ino, size, mtimeNs, ctimeNs].join(" ");
}

/** Whether a file was written so shortly before it was looked at that its stamp may deceive. */
function isDoubtful({ stats }: FoundFile, now: number): boolean {
  return now - Math.max(Number(stats.mtimeMs), Number(stats.ctimeMs)) < GRANULARITY;
}

/** The signature of a file whose content is at hand. `now`: epoch milliseconds of the look. */
export function* signatureOf(file: FoundFile, content: Uint8Array, now: number): Io<FileSignature> {
  const open = isDoubtful(file, now);
  return { stamp: stampOf(file), hash: open ? yield* hashOf(content) : undefined, open };
}

/** Takes signatures of files, reading only those whose stamp does not settle the matter. */
export async function takeSignatures(
  files: readonly FoundFile[],
  known: Signatures,
): Promise<Signatures> {
  const now = Date.now();
  const signatures = new Map<string, FileSignature>();
  for (const file of files) {
    const stamp = stampOf(file);
    const before = known.get(file.name);
    const open = isDoubtful(file, now);
    const undecided = before?.stamp === stamp && before.open;
    const hash = open || undecided ? await hashOfFile(file.path) : undefined;
    signatures.set(file.name, { stamp, hash, open });
  }
  return signatures;
}

/** Names of the files that were added, removed or written. */
export function changedFiles(before: Signatures, after: Signatures): string[] {
  const changed: string[] = [];
  for (const [name, { stamp, hash }] of after) {
    const old = before.get(name);
    const rewritten = old?.hash !== undefined && hash !== undefined && old.hash !== hash;
    if (old?.stamp !== stamp || rewritten) changed.push(name);
  }
  for (const name of before.keys()) if (!after.has(name)) changed.push(name);
  return changed;
}

/** Bytes that are hashed without a pause; takes some milliseconds on a slow machine. */
const PIECE = 1_048_576;

function* hashOf(content: Uint8Array): Io<string> {
  const hash = createHash("sha256");
  for (let start = 0; start < content.length; start += PIECE) {
    if (start > 0) yield* pause();
    hash.update(content.subarray(start, start + PIECE));
  }
  return hash.digest("hex");
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch (error) {
    // The read that follows will say so to whoever needs the content.
    return `unreadable ${systemCode(error) ?? String(error)}`;
  }
}
