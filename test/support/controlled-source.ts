import {
  type DefinitionDocument,
  type DefinitionSource,
  MemoryStore,
  type SourceListener,
  type WriteResult,
} from "../../packages/core/src/index.ts";

type Flags = Readonly<Record<string, unknown>>;

/** A source that must be waited for, and does what the test says. */
export class ControlledSource implements DefinitionSource {
  readonly name: string;
  reads = 0;
  watchers = 0;
  #listener: SourceListener | undefined;
  #outcome: Promise<readonly DefinitionDocument[]>;
  #settle: { give: (documents: readonly DefinitionDocument[]) => void; fail: (e: Error) => void };

  constructor(name: string, flags?: Flags) {
    this.name = name;
    let give: (documents: readonly DefinitionDocument[]) => void = () => {};
    let fail: (error: Error) => void = () => {};
    this.#outcome = new Promise((resolve, reject) => {
      give = resolve;
      fail = reject;
    });
    this.#outcome.catch(() => undefined);
    this.#settle = { give, fail };
    if (flags !== undefined) this.give(flags);
  }

  async read(): Promise<readonly DefinitionDocument[]> {
    this.reads++;
    return this.#outcome;
  }

  watch(listener: SourceListener): () => void {
    this.#listener = listener;
    this.watchers++;
    return () => {
      this.watchers--;
      this.#listener = undefined;
    };
  }

  /** What reads give from now on; those that wait get it too. */
  give(flags: Flags): void {
    const documents = [{ name: this.name, document: { flags } }];
    this.#settle.give(documents);
    this.#outcome = Promise.resolve(documents);
    this.#listener?.onChange([this.name]);
  }

  /** Reads fail from now on; those that wait do too. */
  fail(error: Error): void {
    this.#settle.fail(error);
    this.#outcome = Promise.reject(error);
    this.#outcome.catch(() => undefined);
    this.#listener?.onChange([this.name]);
  }

  /** The connection that tells of changes is lost. */
  lose(error: Error): void {
    this.#listener?.onError(error);
  }
}

/** A store without notifications: nobody but the writer tells that something has changed. */
export class QuietStore extends MemoryStore {
  /** The next writes fail with this. */
  refusal: unknown;

  constructor(name: string, flags: Flags = {}) {
    super({ flags }, name);
  }

  override watch(): () => void {
    return () => {};
  }

  override async write(...args: Parameters<MemoryStore["write"]>): Promise<WriteResult> {
    if (this.refusal !== undefined) throw this.refusal;
    return super.write(...args);
  }
}
