import { expect, it } from "vitest";
import { createFlags } from "../create-flags.ts";
import { readEnvironment } from "./environment.ts";
import { databaseProvider, providerSource } from "./providers.ts";

const config = readEnvironment({});

it.each([
  ["postgres://user@host/db", "postgres"],
  ["postgresql://host/db", "postgres"],
  ["redis://host", "redis"],
  ["rediss://host", "redis"],
  ["file:./flags.db", "sqlite"],
  ["sqlite:flags.db", "sqlite"],
])("database at %s is %s", (url, provider) => {
  expect(databaseProvider(url)).toBe(provider);
});

it.each([undefined, "", "mysql://user:secret@host/db", "host"])("database at %j is none", (url) => {
  expect(() => databaseProvider(url)).toThrow(
    expect.objectContaining({ code: "INVALID_ENVIRONMENT" }),
  );
  expect(() => databaseProvider(url)).toThrow("DATABASE_URL");
  // What is wrong with it can be said without its password.
  expect(() => databaseProvider(url)).not.toThrow("secret");
});

it("refuses a name that no provider has, also an inherited one", () => {
  for (const name of ["mongo", "constructor", "__proto__"]) {
    expect(() => providerSource(name, config)).toThrow(
      expect.objectContaining({ code: "INVALID_ENVIRONMENT" }),
    );
  }
});

it.each([
  ["sqlite", "@halyard/stores"],
  ["postgres", "@halyard/stores"],
  ["redis", "@halyard/stores"],
  ["launchdarkly", "@halyard/vendors"],
  ["unleash", "@halyard/vendors"],
])("%s, not installed, says what to install", async (name, packageName) => {
  const errors: unknown[] = [];
  const source = providerSource(name, config);
  const stop = source.watch?.({ onChange: () => {}, onError: (error) => errors.push(error) });
  const missing = {
    code: "MISSING_PACKAGE",
    message: expect.stringContaining(`npm install ${packageName}`),
  };
  await expect(source.read()).rejects.toMatchObject(missing);
  await stop?.();
  expect(errors).toMatchObject([missing]);
});

it("an instance of a provider that is not installed degrades, and says so once each", async () => {
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const flags = createFlags({
    sources: [providerSource("postgres", config)],
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
