import { randomBytes } from "node:crypto";
import type { OverrideTokenOptions } from "@halyard/express";

/**
 * What signs tokens that override flags: the secret of `OVERRIDE_TOKEN_SECRET`, 32 bytes or more. Without
 * it, a key made at random for this run, which says so; in production, no tokens at all.
 */
export function overrideTokens(): OverrideTokenOptions | undefined {
  const application = "express-example";
  const secret = process.env.OVERRIDE_TOKEN_SECRET;
  if (secret) return { application, keys: [{ kid: "1", secret }] };
  if (process.env.NODE_ENV === "production") {
    console.error("There are no override tokens: OVERRIDE_TOKEN_SECRET is not set.");
    return undefined;
  }
  console.warn(
    "\n*** DEVELOPMENT ONLY: OVERRIDE_TOKEN_SECRET is not set. Override tokens are signed with a key that ends with this process. ***",
  );
  return { application, keys: [{ kid: "development", secret: randomBytes(32) }] };
}
