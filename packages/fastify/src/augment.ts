import type { FlagClient, FlagKey, Flags, GuardOptions, Requirement } from "@halyard/server";
import type { preHandlerHookHandler } from "fastify";

/** What a route's `config.flags` says. */
export interface RouteFlags extends GuardOptions<preHandlerHookHandler> {
  /** As the argument of `requireFeature`. */
  readonly require: Requirement | FlagKey;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The flags of this request's caller. */
    readonly flags: FlagClient;
  }
  interface FastifyInstance {
    /** The instance behind `request.flags`. */
    readonly flags: Flags;
  }
  interface FastifyContextConfig {
    /** Guards the route: `{ require: "beta" }`. */
    flags?: RouteFlags;
  }
}
