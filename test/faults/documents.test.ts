import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HalyardError, MemoryStore } from "../../packages/core/src/index.ts";
import { createFlags, fileSource } from "../../packages/server/src/index.ts";
import { HOSTILE_TEXTS, type HostileText } from "./support/hostile-documents.ts";
import { make, until } from "./support/instance.ts";
import { ENDLESS } from "./support/size.ts";

const SUBJECT = { targetingKey: "user-1", plan: "pro" };

/** Longer than any line that people read, shorter than what a hostile name could make of it. */
const READABLE = 50_000;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "halyard-documents-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function expectRefusal(error: unknown, refused: RegExp): void {
  expect(error).toBeInstanceOf(HalyardError);
  const { code, message, problems } = error as HalyardError;
  expect(code).toBe("INVALID_DEFINITIONS");
  expect(message).toMatch(refused);
  expect(message.length).toBeLessThan(READABLE);
  expect(problems.length).toBeGreaterThan(0);
}

describe("a file that turns into", () => {
  it.each(HOSTILE_TEXTS)(
    "$name",
    async ({ format, text, refused, values = {} }: HostileText) => {
      const path = join(folder, `features.${format}`);
      writeFileSync(path, '{ "flags": { "good": { "default": 1, "type": "number" } } }');
      const { flags, reloads, logs } = make({
        sources: [fileSource({ paths: path, debounce: 1 })],
      });
      writeFileSync(`${path}.new`, text());
      renameSync(`${path}.new`, path);
      await until(() => reloads.length > 0, ENDLESS);
      const { error } = reloads[0] ?? {};
      const client = flags.client(SUBJECT);
      if (refused === undefined) {
        expect(error).toBeUndefined();
        for (const [key, value] of Object.entries(values))
          expect(client.value(key, "no")).toBe(value);
        expect(client.details("good", 0).errorCode).toBe("FLAG_NOT_FOUND");
      } else {
        expectRefusal(error, refused);
        expect(client.all()).toEqual({ good: 1 });
        expect(client.details("good").reason).toBe("STALE");
        for (const line of logs) expect(line.length).toBeLessThan(READABLE);
      }
      // And as the first thing that is ever read.
      const start = () => createFlags({ environment: "test", sources: [path] });
      if (refused === undefined) await start().close();
      else expect(start).toThrow(refused);
    },
    ENDLESS,
  );
});

/** Names that every object has already. */
const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];

const prototypes = () =>
  [Object, Array, Function, Map, String].map(({ prototype }) => Reflect.ownKeys(prototype));

/** Own properties whatever their names, as `JSON.parse` makes them. */
function map<T>(keys: readonly string[], value: (key: string) => T): Record<string, T> {
  const entries = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(value(key))}`);
  return JSON.parse(`{${entries.join(",")}}`);
}

describe("names that every object has", () => {
  const rest = INHERITED.slice(1);
  const document = {
    flags: {
      ...map(rest, (key) => ({
        variants: map(INHERITED, (name) => `${key} ${name}`),
        fallthrough: { rollout: { unit: 100_000, weights: map(INHERITED, () => 20_000) } },
        rules: INHERITED.map((name) => ({
          id: name,
          when: { attribute: name, op: "eq", values: [name] },
          serve: name,
        })),
        targets: INHERITED.map((name) => ({ variant: name, values: [name] })),
        metadata: map(INHERITED, (name) => name),
        "x-a": map(INHERITED, (name) => ({ polluted: name })),
      })),
      segmented: { rules: rest.map((segment) => ({ id: segment, when: { segment } })) },
    },
    segments: map(rest, (name) => ({ attribute: name, op: "exists" })),
  };

  it.each(["json", "yaml"])("mean nothing else in %s, nor where they are read", (format) => {
    const before = prototypes();
    const path = join(folder, `inherited.${format}`);
    writeFileSync(path, JSON.stringify(document));
    const { flags } = make({ sources: [path] });
    for (const key of rest) {
      for (const name of INHERITED) {
        const own = map([name], () => name);
        const variant = `${key} ${name}`;
        expect(flags.client(own).value(key, "")).toBe(variant);
        expect(flags.client({ targetingKey: name }).details(key, "")).toMatchObject({
          value: variant,
          variant: name,
          cause: "TARGET_MATCH",
        });
      }
      expect(flags.client({}).details(key, "").reason).not.toBe("TARGETING_MATCH");
      expect(Object.keys(flags.client().details(key, "").flagMetadata)).toEqual(INHERITED);
    }
    expect(flags.client({}).enabled("segmented")).toBe(false);
    for (const name of INHERITED) {
      expect(flags.client(map([name], () => 1)).enabled("segmented")).toBe(name !== "__proto__");
    }
    for (const name of ["__proto__", "isPrototypeOf", "__defineGetter__"]) {
      expect(flags.client().details(name, "").errorCode).toBe("FLAG_NOT_FOUND");
      expect(flags.definitions.get(name)).toBeUndefined();
    }
    expect(prototypes()).toEqual(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each(["flags", "segments", "aliases"])(
    "are no keys of %s unless they are lawful ones",
    (kind) => {
      const path = join(folder, `proto-${kind}.json`);
      writeFileSync(path, `{"${kind}":{"__proto__":{"polluted":true}}}`);
      expect(() => createFlags({ environment: "test", sources: [path] })).toThrow(/__proto__/);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  it("are written and patched as any other", async () => {
    const before = prototypes();
    const { flags } = make({ sources: [new MemoryStore({ flags: {} })] });
    for (const key of rest) {
      const definition = { default: key, metadata: map(INHERITED, (name) => name) };
      await flags.definitions.put(key, definition);
      await flags.definitions.patch(key, { metadata: map(["__proto__"], () => "patched") });
      const { flagMetadata } = flags.client().details(key, "");
      expect(Object.entries(flagMetadata)).toContainEqual(["__proto__", "patched"]);
      expect(flags.client().value(key, "")).toBe(key);
      expect(await flags.definitions.delete(key)).toBe(true);
      expect(flags.definitions.get(key)).toBeUndefined();
    }
    await expect(flags.definitions.put("__proto__", true)).rejects.toMatchObject({
      code: "INVALID_KEY",
    });
    expect(prototypes()).toEqual(before);
  });
});
