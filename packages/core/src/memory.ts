import { HalyardError } from "./errors.ts";
import { copyPlain, isPlainObject } from "./json.ts";
import type {
  DefinitionChange,
  DefinitionDocument,
  DefinitionSource,
  SourceListener,
} from "./ports.ts";

/**
 * A source that keeps its definitions in this process; the reference implementation of the port.
 * Takes a document as `defineFlags` makes it, or as a file holds it.
 */
export class MemorySource implements DefinitionSource {
  readonly name: string;
  readonly #listeners = new Set<SourceListener>();
  #document: Readonly<Record<string, unknown>>;

  constructor(document: unknown = { flags: {} }, name = "memory") {
    if (!isPlainObject(document)) {
      throw new HalyardError(
        "INVALID_OPTIONS",
        "A source in memory takes a document such as { flags: { … } } or what defineFlags returns.",
      );
    }
    this.name = name;
    this.#document = writable(copyPlain(document) as Record<string, unknown>);
  }

  readSync(): readonly DefinitionDocument[] {
    return [{ name: this.name, document: this.#document }];
  }

  async read(): Promise<readonly DefinitionDocument[]> {
    return this.readSync();
  }

  watch(listener: SourceListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async write(changes: readonly DefinitionChange[]): Promise<void> {
    // Objects of flags that did not change stay the same ones, so that they are not parsed again.
    const flags = new Map(Object.entries((this.#document.flags ?? {}) as object));
    for (const { key, definition } of changes) {
      if (definition === undefined) flags.delete(key);
      else flags.set(key, copyPlain(definition));
    }
    this.#document = { ...this.#document, flags: Object.fromEntries(flags) };
    const keys = changes.map(({ key }) => key);
    for (const listener of this.#listeners) listener.onChange(keys);
  }
}

/** Writes are entries of `flags`, so flags that are written as a list stand beside them. */
function writable({ flags, feature_flags: named, ...rest }: Readonly<Record<string, unknown>>) {
  const lists = [flags, named].filter((part) => Array.isArray(part));
  return {
    ...rest,
    ...(named !== undefined && !Array.isArray(named) ? { feature_flags: named } : {}),
    ...(lists.length === 0 ? {} : { feature_flags: lists.flat() }),
    flags: Array.isArray(flags) ? {} : (flags ?? {}),
  };
}
