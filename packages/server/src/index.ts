export * from "@halyard/core";
export { createFlags, type Flags } from "./create-flags.ts";
export type { Endpoint, HttpRequest, HttpResponse } from "./endpoints/endpoint.ts";
export { type HealthEndpointOptions, healthEndpoint } from "./endpoints/health.ts";
export type { Authorize, ManagementQuestion } from "./endpoints/management/authorize.ts";
export {
  type ManagementApi,
  type ManagementOptions,
  managementApi,
} from "./endpoints/management/management-api.ts";
export type { ManagementAction, ManagementResource } from "./endpoints/management/operation.ts";
export type { VariantHandlers } from "./guard/by-variant.ts";
export type { GuardOptions, Requirement } from "./guard/guard.ts";
export type { GuardedRoute } from "./guard/guard-list.ts";
export type {
  Change,
  ChangeOptions,
  ChangeOutcome,
  ChangeReport,
  MembershipEdit,
  OverrideEdit,
} from "./instance/changes.ts";
export type { DefinitionEdit } from "./instance/definition-writes.ts";
export type {
  Definitions,
  FlagEntry,
  FlagPage,
  ListOptions,
  WriteOptions,
} from "./instance/definitions.ts";
export type { Health } from "./instance/health.ts";
export type {
  ChangeEvent,
  DefinitionsDocument,
  EvaluationEvent,
  FlagsOptions,
  Hooks,
  PrecedenceOptions,
  ReloadEvent,
  SourceInput,
  SubjectOptions,
  TrackEvent,
} from "./instance/options.ts";
export type {
  Audit,
  Authorship,
  Groups,
  KillOptions,
  ListPage,
  MissingOverride,
  OverrideQuery,
  OverrideRecord,
  Overrides,
  RemoveOptions,
  RestoreOptions,
  SetOptions,
} from "./instance/overrides.ts";
export type { SegmentEntry, Segments } from "./instance/segments.ts";
export { currentFlags } from "./request/current-flags.ts";
export type { AnonymousOptions, RequestContextOptions } from "./request/options.ts";
export { type FileSourceOptions, fileSource } from "./sources/file-source.ts";
export type {
  MetricsOptions,
  OptionalAttribute,
  Signal,
  TelemetryOptions,
} from "./telemetry/options.ts";
