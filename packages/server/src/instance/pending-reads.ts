import type { DefinitionDocument, DefinitionSource } from "@halyard/core";

export interface PendingRead {
  /** What the source said has changed. */
  readonly names: ReadonlySet<string>;
  /** What the source gave, where it has been read already. */
  readonly documents: readonly DefinitionDocument[] | undefined;
}

/** Sources that have something to read. */
export class PendingReads {
  readonly #bySource = new Map<DefinitionSource, PendingRead>();

  add(
    source: DefinitionSource,
    what: readonly string[],
    documents?: readonly DefinitionDocument[],
  ): void {
    const names = new Set([...(this.#bySource.get(source)?.names ?? []), ...what]);
    this.#bySource.set(source, { names, documents });
  }

  /** Takes out what has been read already, or comes from a source that can be read now. */
  take(
    canRead: (source: DefinitionSource) => boolean,
  ): (readonly [source: DefinitionSource, read: PendingRead])[] {
    const taken = [...this.#bySource].filter(
      ([source, { documents }]) => documents !== undefined || canRead(source),
    );
    for (const [source] of taken) this.#bySource.delete(source);
    return taken;
  }

  /** Takes out what a source has announced. */
  withdraw(source: DefinitionSource): readonly string[] {
    const names = [...(this.#bySource.get(source)?.names ?? [])];
    this.#bySource.delete(source);
    return names;
  }
}
