import type { FlagClient } from "@halyard/server";

declare module "koa" {
  interface ExtendableContext {
    /** The flags of this request's caller. */
    flags: FlagClient;
  }
}
