import assert from "node:assert/strict";
import type {
  Attribution,
  GroupChange,
  HalyardErrorCode,
  JsonValue,
  OverrideChange,
  OverrideValue,
  Store,
  StoreChange,
  StoreContents,
  StoredLayer,
  StoreNotice,
} from "@halyard/core";
import { HalyardError } from "@halyard/core";
import type { OpenOptions, StoreHarness, StorePlace } from "./harness.ts";

/** Of Vitest, node:test, Mocha or Jest. */
export interface TestFunctions {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, body: () => Promise<void>) => void;
}

/** What a test may use; whatever it opens is closed with it. */
class Bench {
  readonly harness: StoreHarness;
  readonly #place: StorePlace;
  readonly #opened: Store[] = [];

  constructor(harness: StoreHarness, place: StorePlace) {
    this.harness = harness;
    this.#place = place;
  }

  open(options?: OpenOptions): Store {
    const store = this.#place.open(options);
    this.#opened.push(store);
    return store;
  }

  /** Takes away all that was written; `false` where nobody can. */
  async lose(): Promise<boolean> {
    await this.#place.lose?.();
    return this.#place.lose !== undefined;
  }

  async end(): Promise<void> {
    for (const store of this.#opened) await store.close();
    await this.#place.remove();
  }
}

export type Check = (name: string, body: (bench: Bench) => Promise<void>) => void;

/** `it` with a place of its own for each test. */
export function checker(harness: StoreHarness, { it }: TestFunctions): Check {
  return (name, body) =>
    it(name, async () => {
      const bench = new Bench(harness, await harness.create());
      try {
        await body(bench);
      } finally {
        await bench.end();
      }
    });
}

export const ANN = { id: "ann", type: "person", name: "Ann" };
export const NOON: number = Date.UTC(2027, 0, 1, 12);

/** Who writes in the tests; `at` is minutes after noon. */
export function by(minutes = 0, more: Partial<Attribution> = {}): Attribution {
  return { actor: ANN, at: NOON + minutes * 60_000, ...more };
}

export function flag(
  key: string,
  definition: JsonValue | undefined,
  ifVersion?: number,
): StoreChange {
  return { what: "flag", key, definition, ifVersion };
}

export function segment(
  key: string,
  definition: JsonValue | undefined,
  ifVersion?: number,
): StoreChange {
  return { what: "segment", key, definition, ifVersion };
}

/** An override in the layer of its scope. */
export function override(
  flagKey: string,
  scope: string,
  put: OverrideValue | "expired" | undefined,
  ifVersion?: number,
): OverrideChange {
  const layer = (/^\w+/.exec(scope)?.[0] ?? "system") as StoredLayer;
  return { what: "override", flagKey, layer, scope, put, ifVersion };
}

export function emergency(flagKey: string, put: OverrideValue | undefined): OverrideChange {
  return { what: "override", flagKey, layer: "emergency", scope: "system", put };
}

export function group(name: string, user: string, member = true): GroupChange {
  return { what: "group", group: name, user, member };
}

/** What the only document of a read has, by key. */
export function entries(
  { documents }: StoreContents,
  part: "flags" | "segments" = "flags",
): Readonly<Record<string, JsonValue>> {
  assert.equal(documents.length, 1);
  const document = documents[0]?.document as Record<string, Record<string, JsonValue>>;
  return document[part] ?? {};
}

/** The promise must reject with a `HalyardError` of this code. */
export async function rejects(promise: Promise<unknown>, code: HalyardErrorCode): Promise<void> {
  const error = await promise.then(
    () => assert.fail(`It resolved, and should have rejected with ${code}.`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof HalyardError)) throw error;
  assert.equal(error.code, code, error.message);
  assert.ok(error.message.length > 10, "the message says nothing");
}

/** What a listener heard. */
export interface Heard {
  readonly notices: StoreNotice[];
  readonly errors: unknown[];
  /** Versions that it was told of, in the order that it was. */
  readonly versions: () => readonly number[];
  readonly stop: () => unknown;
}

export function listen(store: Store): Heard {
  const notices: StoreNotice[] = [];
  const errors: unknown[] = [];
  const stop = store.watch?.({
    onChange: (_, notice) => {
      assert.ok(notice, "a store says what has changed");
      notices.push(notice);
    },
    onError: (error) => errors.push(error),
  });
  assert.ok(stop, "a store can be watched");
  return { notices, errors, versions: () => notices.map(({ version }) => version), stop };
}

/** How long a condition may take to hold, in milliseconds. */
const DEADLINE = 8000;

/** Waits until a condition holds; rejects when it does not in time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + DEADLINE;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A watching store that has heard of everything so far. */
export async function listening(store: Store): Promise<Heard> {
  await store.read();
  const heard = listen(store);
  const mark = `mark-${Math.random().toString(36).slice(2)}`;
  const { version } = await store.write([group(mark, mark), group(mark, mark, false)], by());
  await until("the watch stands", () => (heard.versions().at(-1) ?? 0) >= version);
  heard.notices.length = 0;
  return heard;
}
