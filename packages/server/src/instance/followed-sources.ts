import type { DefinitionSource, SourceDocuments } from "@halyard/core";
import type { Contents, Documents } from "./source-calls.ts";
import { type FollowerListener, SourceFollower } from "./source-follower.ts";

/** Of some sources, what is to serve. */
export type Picked = ReadonlyMap<SourceFollower, Contents | undefined>;

/** Nothing picked: of every source, what serves. */
export const SERVED: Picked = new Map();

/** The sources of an instance, in order: what each gave last, and what of it serves. */
export class FollowedSources {
  readonly all: readonly SourceFollower[];
  /** Other than what the source gave last, where that was refused or not taken over yet. */
  readonly #served = new Map<SourceFollower, Contents>();

  constructor(sources: readonly DefinitionSource[], interval: number, listener: FollowerListener) {
    this.all = sources.map((source) => new SourceFollower(source, interval, listener));
  }

  of(source: DefinitionSource): SourceFollower | undefined {
    return this.all.find((follower) => follower.source === source);
  }

  /** Whether of every source something serves. */
  get complete(): boolean {
    return this.all.every((follower) => this.#served.has(follower));
  }

  /** The sources that have to be waited for, by their names: what of each serves. */
  get keepable(): ReadonlyMap<string, Contents | undefined> {
    const waited = this.all.filter(({ source }) => source.readSync === undefined);
    return new Map(waited.map((follower) => [follower.name, this.#served.get(follower)]));
  }

  /** What serves, of all sources. */
  get served(): readonly Contents[] {
    return [...this.#served.values()];
  }

  /** Those that gave something else than what serves: just now, or when it was refused. */
  get changed(): readonly SourceFollower[] {
    return this.all.filter((follower) => follower.latest !== this.#served.get(follower));
  }

  /** What each source gave last. */
  get latest(): Picked {
    return new Map(this.all.map((follower) => [follower, follower.latest]));
  }

  documents(follower: SourceFollower, picked: Picked): Documents {
    const contents = picked.has(follower) ? picked.get(follower) : this.#served.get(follower);
    return contents?.documents ?? [];
  }

  /** What was picked, and of the other sources what serves, for the loader. */
  inputs(picked: Picked): readonly SourceDocuments[] {
    return this.all.map((follower) => ({
      source: follower.name,
      documents: this.documents(follower, picked),
    }));
  }

  /** What was picked serves from now on. Gives the sources of which it is something new. */
  serve(picked: Picked): readonly SourceFollower[] {
    const changed: SourceFollower[] = [];
    for (const [follower, contents] of picked) {
      if (contents === undefined || contents === this.#served.get(follower)) continue;
      this.#served.set(follower, contents);
      changed.push(follower);
    }
    return changed;
  }
}
