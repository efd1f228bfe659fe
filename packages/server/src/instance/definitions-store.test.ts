import { afterEach, describe, expect, it } from "vitest";
import { QuietStore } from "../../../../test/support/controlled-source.ts";
import { createFlags, type Flags } from "../create-flags.ts";
import type { FlagsOptions } from "./options.ts";

const opened: Flags[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((flags) => flags.close()));
});

function make(options: FlagsOptions): Flags {
  const flags = createFlags({ environment: "test", ...options });
  opened.push(flags);
  return flags;
}

describe("a store that tells nobody of its changes", () => {
  it("is read back after a write", async () => {
    const store = new QuietStore("quiet", { beta: false });
    const flags = make({ sources: [store] });
    await flags.definitions.put("beta", true);
    expect(flags.client().enabled("beta")).toBe(true);
    expect(await flags.definitions.delete("beta")).toBe(true);
    expect(flags.definitions.get("beta")).toBeUndefined();
  });

  it("fails with STORE_WRITE_FAILED, its own error as the cause, and nothing changed", async () => {
    const store = new QuietStore("quiet", { beta: false });
    const flags = make({ sources: [store] });
    store.refusal = new Error("disk full");
    await expect(flags.definitions.put("beta", true)).rejects.toMatchObject({
      code: "STORE_WRITE_FAILED",
      message: expect.stringContaining("disk full"),
      cause: store.refusal,
    });
    expect(flags.client().enabled("beta")).toBe(false);
    store.refusal = undefined;
    await flags.definitions.put("beta", true);
    expect(flags.client().enabled("beta")).toBe(true);
  });
});
