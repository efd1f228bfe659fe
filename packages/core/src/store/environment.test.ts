import { expect, it } from "vitest";
import { databaseProvider } from "./environment.ts";

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

it.each([undefined, "", "mysql://user:secret@host/db", "user:secret@host", "host"])(
  "database at %j is none",
  (url) => {
    expect(() => databaseProvider(url)).toThrow(
      expect.objectContaining({ code: "INVALID_ENVIRONMENT" }),
    );
    expect(() => databaseProvider(url)).toThrow("DATABASE_URL");
    // What is wrong with it can be said without its password.
    expect(() => databaseProvider(url)).not.toThrow("secret");
  },
);
