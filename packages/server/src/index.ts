export * from "@halyard/core";
export { createFlags, type Flags } from "./create-flags.ts";
export type { Endpoint, HttpRequest, HttpResponse } from "./endpoints/endpoint.ts";
export { type HealthEndpointOptions, healthEndpoint } from "./endpoints/health.ts";
export type { VariantHandlers } from "./guard/by-variant.ts";
export type { GuardOptions, Requirement } from "./guard/guard.ts";
export type { GuardedRoute } from "./guard/guard-list.ts";
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
export { currentFlags } from "./request/current-flags.ts";
export type { AnonymousOptions, RequestContextOptions } from "./request/options.ts";
export { type FileSourceOptions, fileSource } from "./sources/file-source.ts";
export type {
  MetricsOptions,
  OptionalAttribute,
  Signal,
  TelemetryOptions,
} from "./telemetry/options.ts";
