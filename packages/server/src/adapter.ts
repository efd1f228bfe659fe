// For authors of adapters: what turns a framework's requests into clients, guards and endpoints.
export type { FlagsInstance } from "./create-flags.ts";
export { answer, type Endpoint, type HttpResponse } from "./endpoints/endpoint.ts";
export { fromNodeRequest, headerOf } from "./endpoints/node-request.ts";
export {
  createVariantChoice,
  type VariantChoice,
  type VariantHandlers,
} from "./guard/by-variant.ts";
export {
  createGuard,
  type Denial,
  type Guard,
  type GuardOptions,
  type Requirement,
} from "./guard/guard.ts";
export type { GuardedRoute } from "./guard/guard-list.ts";
export {
  attachClient,
  refuseRequest,
  requireClient,
  warnOfSecondInstance,
} from "./guard/misuse.ts";
export { runWithFlags } from "./request/current-flags.ts";
export { instanceOf, RequestFlags, toInstance } from "./request/request-flags.ts";
export type { RequestReader } from "./request/request-reader.ts";
