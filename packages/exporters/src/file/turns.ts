import { resolve } from "node:path";

type Turns = Map<string, Promise<void>>;

/** Those of all copies of this package: a file is one, whoever writes to it. */
const TURNS = Symbol.for("halyard.exporters.files");

/**
 * Does the work of all in this process who write to one file one after another: a rotation must not
 * move what somebody else has just begun.
 */
export function inTurn<T>(path: string, work: () => Promise<T>): Promise<T> {
  const holder = globalThis as { [TURNS]?: Turns };
  holder[TURNS] ??= new Map();
  const turns = holder[TURNS];
  const file = resolve(path);
  const mine = (turns.get(file) ?? Promise.resolve()).then(work);
  const over = mine.then(
    () => {},
    () => {},
  );
  turns.set(file, over);
  void over.then(() => {
    if (turns.get(file) === over) turns.delete(file);
  });
  return mine;
}
