import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { createFlags } from "../create-flags.ts";
import { readEnvironment } from "./environment.ts";
import { providerSource } from "./providers.ts";

const config = readEnvironment({});

it("refuses a name that no provider has, also an inherited one", () => {
  for (const name of ["mongo", "constructor", "__proto__"]) {
    expect(() => providerSource(name, config)).toThrow(
      expect.objectContaining({ code: "INVALID_ENVIRONMENT" }),
    );
  }
});

const VENDORS = "@halyard/vendors";

it.each(["launchdarkly", "unleash"])("%s, not installed, says what to install", async (name) => {
  const errors: unknown[] = [];
  const source = providerSource(name, config);
  const stop = source.watch?.({ onChange: () => {}, onError: (error) => errors.push(error) });
  const missing = {
    code: "MISSING_PACKAGE",
    message: expect.stringContaining(`npm install ${VENDORS}`),
  };
  await expect(source.read()).rejects.toMatchObject(missing);
  await stop?.();
  expect(errors).toMatchObject([missing]);
});

it("an instance of a provider that is not installed degrades, and says so once each", async () => {
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const flags = createFlags({
    sources: [providerSource("unleash", config)],
    logger: { debug: log, info: log, warn: log, error: log },
  });
  await expect(flags.ready()).rejects.toMatchObject({ code: "MISSING_PACKAGE" });
  expect(flags.client().details("beta", true)).toMatchObject({
    value: true,
    errorCode: "PROVIDER_NOT_READY",
  });
  expect(flags.health()).toMatchObject({
    status: "unhealthy",
    provider: { connected: false, last_error: expect.stringContaining("npm install") },
  });
  await flags.close();
});

describe("a store that the environment names", () => {
  const folder = mkdtempSync(join(tmpdir(), "halyard-provider-"));
  afterEach(() => vi.unstubAllEnvs());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(["sqlite", "database"])("%s is there to read and to write", async (provider) => {
    vi.stubEnv("FEATURE_PROVIDER", provider);
    vi.stubEnv("DATABASE_URL", `file:${join(folder, `${provider}.db`)}`);
    const flags = createFlags();
    await flags.ready();
    await flags.definitions.put("beta", true);
    const by = { actor: { id: "ann", type: "person" } };
    await flags.overrides.set("beta", { kind: "user", id: "u" }, false, by);
    const client = flags.client({ userId: "u" });
    await client.ready();
    expect([flags.client().enabled("beta"), client.enabled("beta")]).toEqual([true, false]);
    expect((await flags.audit.list()).items).toHaveLength(2);
    await flags.close();
  });

  it("without its address says which variable has it", async () => {
    vi.stubEnv("FEATURE_PROVIDER", "postgres");
    vi.stubEnv("DATABASE_URL", "");
    const flags = createFlags({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
    await expect(flags.ready()).rejects.toMatchObject({
      code: "INVALID_ENVIRONMENT",
      message: expect.stringContaining("DATABASE_URL"),
    });
    await flags.close();
  });
});
