// For authors of adapters: what turns a framework's requests into clients, guards and endpoints.
// Also for authors of exporters: how options are checked.
export {
  BOOLEAN,
  checkFields,
  type FieldRule,
  type FieldRules,
  isFunction,
  isObject,
  objectOf,
  TEXT,
  wholeNumber,
} from "./check-fields.ts";
export {
  answer,
  checkEndpoint,
  type Endpoint,
  type HttpResponse,
  methodNotAllowed,
  notFound,
} from "./endpoints/endpoint.ts";
export { fromNodeRequest, headerOf, pathAndQuery } from "./endpoints/node-request.ts";
export { endInTime, sendStream } from "./endpoints/send-stream.ts";
export type { FlagsInstance } from "./flags-instance.ts";
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
export { type Guarded, type GuardList, GuardObserver } from "./guard/guard-list.ts";
export { denyUnlessAnswered, isThenable } from "./guard/late-answer.ts";
export {
  attachClient,
  CLIENT,
  isAttached,
  refuseRequest,
  requireClient,
} from "./guard/misuse.ts";
export { runWithFlags } from "./request/current-flags.ts";
export { instanceOf, RequestFlags, toInstance } from "./request/request-flags.ts";
export type { RequestReader } from "./request/request-reader.ts";
