import { isKey, type JsonObject } from "@halyard/core";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { MAX_TOKEN, type TokenClaims, TokenKeys } from "../../packages/server/src/edge/token.ts";
import { parameters } from "./runs.ts";

const compared = vi.hoisted(() => ({ times: 0 }));

vi.mock("node:crypto", async (importOriginal) => {
  const crypto = await importOriginal<typeof import("node:crypto")>();
  const timingSafeEqual: typeof crypto.timingSafeEqual = (a, b) => {
    compared.times++;
    return crypto.timingSafeEqual(a, b);
  };
  return { ...crypto, timingSafeEqual };
});

const NOW = 1_800_000_000_000;
const DAY = 24 * 60 * 60;
const audience = ["shop", "production"] as const;
const secret = "0123456789abcdef0123456789abcdef";
const options = { audience, maxLife: 7 * DAY * 1000 };
const keys = new TokenKeys({ ...options, keys: [{ kid: "k1", secret }] });

const key = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,30}$/).filter(isKey);

const claims: fc.Arbitrary<TokenClaims> = fc.record(
  {
    aud: fc.constant(audience),
    sub: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
    iat: fc.constant(NOW / 1000),
    exp: fc.integer({ min: NOW / 1000 + 1, max: NOW / 1000 + 7 * DAY }),
    jti: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
    flags: fc
      .dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8, noNullPrototype: true })
      .map((flags) => JSON.parse(JSON.stringify(flags)) as JsonObject),
  },
  { requiredKeys: ["aud", "iat", "exp", "jti", "flags"] },
);

it("what is signed is read back as it was", () => {
  fc.assert(
    fc.property(claims, (said) => {
      const { token, kid } = keys.sign(said);
      expect(kid).toBe("k1");
      expect(token).toMatch(/^[A-Za-z0-9._-]+$/);
      const read = keys.verify(token, NOW);
      expect(read).toEqual(token.length > MAX_TOKEN ? "too_long" : said);
    }),
    parameters(),
  );
});

it("no token with another character is taken, and signatures are compared in constant time", () => {
  fc.assert(
    fc.property(claims, fc.nat(), fc.stringMatching(/^[A-Za-z0-9._-]$/), (said, at, char) => {
      const { token } = keys.sign(said);
      const index = at % token.length;
      const other = token.slice(0, index) + char + token.slice(index + 1);
      fc.pre(other !== token && token.length <= MAX_TOKEN);
      const before = compared.times;
      const verdict = keys.verify(other, NOW);
      expect(typeof verdict).toBe("string");
      if (other.split(".").at(-1)?.length === 43 && verdict === "bad_signature") {
        expect(compared.times).toBe(before + 1);
      }
    }),
    parameters(),
  );
});

it("nothing that anybody sends is taken, or throws", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{0,50}$/), { maxLength: 6 }).map((parts) => {
      return ["h1", "k1", ...parts].join(".");
    }),
  );
  const refused = fc.property(text, (token) => typeof keys.verify(token, NOW) === "string");
  fc.assert(refused, parameters());
});

it("keys rotate: the first signs, all verify, those that are gone do not", () => {
  const [one, two] = ["k1", "k2"].map((kid) => ({ kid, secret: secret + kid }));
  const made = (list: unknown[]) => new TokenKeys({ ...options, keys: list as never });
  const said = { aud: audience, iat: 1, exp: NOW / 1000 + 60, jti: "j", flags: { beta: true } };
  const old = made([one]).sign(said);
  const both = made([two, one]);
  expect(both.verify(old.token, NOW)).toEqual(said);
  expect(both.sign(said).kid).toBe("k2");
  expect(made([two]).verify(old.token, NOW)).toBe("unknown_key");
  // The id of a key chooses it, and vouches for nothing.
  const swapped = made([{ kid: "k1", secret: `${secret}k2` }]);
  expect(swapped.verify(old.token, NOW)).toBe("bad_signature");
});

it("secrets are bytes as well as text, and stay out of sight", async () => {
  const bytes = made(Buffer.from(secret));
  const said = { aud: audience, iat: 1, exp: NOW / 1000 + 60, jti: "j", flags: {} };
  expect(bytes.verify(keys.sign(said).token, NOW)).toEqual(said);
  const { inspect } = await import("node:util");
  expect(inspect(bytes, { depth: 9, showHidden: true })).not.toContain(secret);
  expect(JSON.stringify(bytes)).not.toContain(secret);

  function made(value: Uint8Array): TokenKeys {
    return new TokenKeys({ ...options, keys: [{ kid: "k1", secret: value }] });
  }
});
