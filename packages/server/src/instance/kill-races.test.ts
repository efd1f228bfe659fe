import { type Attribution, MemoryStore, type StoreChange, type WriteResult } from "@halyard/core";
import { afterEach, expect, it } from "vitest";
import { createFlags, type Flags } from "../create-flags.ts";

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(store: MemoryStore): Flags {
  const flags = createFlags({ environment: "test", store });
  opened.push(flags);
  return flags;
}

const until = (condition: () => boolean): Promise<void> =>
  expect.poll(condition, { interval: 1, timeout: 5000 }).toBe(true) as Promise<void>;

it.each([true, false])(
  "a kill that somebody else undoes at once (store tells: %s)",
  async (tells) => {
    class HastyStore extends MemoryStore {
      override async write(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
        const made = await super.write(changes, by);
        await super.write(
          [{ what: "override", flagKey: "a", layer: "emergency", scope: "system", put: undefined }],
          by,
        );
        return { ...made, overrides: tells ? made.overrides : undefined };
      }
    }
    const flags = make(new HastyStore({ flags: { a: true } }));
    const by = { actor: { id: "ann", type: "person" }, reason: "a test" };
    const killed = flags.overrides.kill("a", by);
    if (tells) {
      const made = { flagKey: "a", layer: "emergency", value: false, priority: 1000 };
      expect(await killed).toMatchObject(made);
    } else await expect(killed).rejects.toMatchObject({ code: "VERSION_CONFLICT" });
    expect(flags.overrides.emergency("a")).toBeUndefined();
  },
);

it("a kill from elsewhere serves while a write of one's own hangs", async () => {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  let writes = 0;
  class HangingStore extends MemoryStore {
    override async write(changes: readonly StoreChange[], by: Attribution): Promise<WriteResult> {
      writes++;
      await passed;
      return super.write(changes, by);
    }
  }
  const store = new HangingStore({ flags: { a: true } });
  const flags = make(store);
  const writing = flags.definitions.put("b", true);
  await until(() => writes === 1);
  const elsewhere = (value?: boolean): Promise<WriteResult> => {
    const put = value === undefined ? undefined : { value };
    const slot = { flagKey: "a", layer: "emergency", scope: "system" } as const;
    const by = { actor: { id: "ann", type: "person" }, reason: "a test", at: Date.now() };
    return MemoryStore.prototype.write.call(store, [{ what: "override", ...slot, put }], by);
  };
  await elsewhere(false);
  await until(() => !flags.client().enabled("a"));
  await elsewhere();
  await until(() => flags.client().enabled("a"));
  await elsewhere(false);
  open();
  await writing;
  expect(flags.client().enabled("b")).toBe(true);
  await until(() => !flags.client().enabled("a"));
});
