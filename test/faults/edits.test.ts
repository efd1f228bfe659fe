import { setImmediate as turn } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { MemoryStore } from "../../packages/core/src/index.ts";
import { fileSource } from "../../packages/server/src/index.ts";
import { stateOf } from "./server/app.ts";
import { whyWrong } from "./soak/definitions.ts";
import { FlagFile } from "./soak/flag-file.ts";
import { make, statusOf, until } from "./support/instance.ts";
import { ENDLESS, size } from "./support/size.ts";

const EDITS = size(1000, 10_000);
const SUBJECT = { user: "user-1", plan: "pro" };

it(
  "very many edits of a file, of every kind, end in the last content",
  async () => {
    const file = new FlagFile();
    onTestFinished(() => file.remove());
    const source = fileSource({ paths: file.path, debounce: 1, pollInterval: 200 });
    const { flags, reloads } = make({ sources: [source] });
    let newest = 0;
    for (let edit = 0; edit < EDITS; edit++) {
      file.edit();
      await turn();
      const state = stateOf(flags.client({ targetingKey: SUBJECT.user, plan: SUBJECT.plan }));
      expect(whyWrong(state, SUBJECT)).toBeUndefined();
      expect(state.generation).toBeGreaterThanOrEqual(newest);
      newest = state.generation;
    }
    file.mend();
    await until(() => flags.client().integer("generation", -1) === file.generation, ENDLESS);
    await until(() => statusOf(flags) === "healthy", ENDLESS);
    expect(reloads.length).toBeGreaterThan(0);
    expect(reloads.length).toBeLessThanOrEqual(file.edits + 1);
  },
  ENDLESS,
);

it(
  "very many writes at a time end in the last, and each is seen when it is done",
  async () => {
    const { flags } = make({ sources: [new MemoryStore({ flags: {} })] });
    const writes = Array.from({ length: EDITS }, async (_, index) => {
      const key = `f${index % 10}`;
      if (index % 7 === 6) {
        await expect(flags.definitions.put(key, { default: 1, broken: index })).rejects.toThrow();
      } else if (index % 31 === 30) {
        await flags.definitions.delete(key);
      } else {
        const { definition } = await flags.definitions.put(key, { default: index });
        expect(definition.default).toBe(index);
        // Later ones may be seen already, earlier ones no more.
        expect(flags.client().number(key, EDITS)).toBeGreaterThanOrEqual(index);
      }
    });
    await Promise.all(writes);
    const last = new Map<string, number | undefined>();
    for (let index = 0; index < EDITS; index++) {
      if (index % 7 !== 6) last.set(`f${index % 10}`, index % 31 === 30 ? undefined : index);
    }
    const expected = [...last].filter(([, value]) => value !== undefined);
    expect(flags.client().all()).toEqual(Object.fromEntries(expected));
  },
  ENDLESS,
);
