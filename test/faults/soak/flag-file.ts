import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitionsOf } from "./definitions.ts";

/** Ways to put something else where the flags are read from; all but the last three are good. */
const EDITS = ["write", "rename", "swap", "write", "nonsense", "swap", "wrong", "removed"] as const;

/**
 * A file of flags as Kubernetes mounts it (a link to a file in a directory that is a link), under
 * somebody's hands.
 */
export class FlagFile {
  readonly folder: string = mkdtempSync(join(tmpdir(), "halyard-soak-"));
  readonly path: string = join(this.folder, "features.json");
  /** The last good one. */
  generation = 0;
  edits = 0;
  #version = "";
  #versions = 0;

  constructor() {
    this.#swap(definitionsOf(this.#next()));
    symlinkSync(join("current", "features.json"), this.path);
  }

  /** The next edit of a round of all kinds. */
  edit(): void {
    const kind = EDITS[this.edits++ % EDITS.length] ?? "write";
    switch (kind) {
      case "write":
        this.#write(definitionsOf(this.#next()));
        break;
      case "rename":
        this.#rename(definitionsOf(this.#next()));
        break;
      case "swap":
        this.#swap(definitionsOf(this.#next()));
        break;
      case "nonsense":
        this.#write('{ "flags": { "generation": ');
        break;
      case "wrong":
        this.#rename(definitionsOf(-1).replace('"percentage":50', '"percentage":500'));
        break;
      case "removed":
        unlinkSync(join(this.#version, "features.json"));
        break;
    }
  }

  /** A good edit, whatever the last one was. */
  mend(): void {
    this.#rename(definitionsOf(this.#next()));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #next(): number {
    this.generation++;
    return this.generation;
  }

  #write(text: string): void {
    writeFileSync(join(this.#version, "features.json"), text);
  }

  #rename(text: string): void {
    const path = join(this.#version, "features.json");
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  #swap(text: string): void {
    const old = this.#version;
    const name = `version-${this.#versions++}`;
    this.#version = join(this.folder, name);
    mkdirSync(this.#version);
    this.#write(text);
    const link = join(this.folder, "current");
    symlinkSync(name, `${link}.new`);
    renameSync(`${link}.new`, link);
    if (old !== "") rmSync(old, { recursive: true });
  }
}
