import type { FlagClient } from "@halyard/server";

declare global {
  namespace Express {
    interface Request {
      /** The flags of this request's caller. */
      flags: FlagClient;
    }
  }
}
