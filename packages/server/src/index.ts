export * from "@halyard/core";
export type { Analytics } from "./analytics/analytics.ts";
export type { AnalyticsOptions, DedupeOptions, SamplingOptions } from "./analytics/options.ts";
export type { AnalyticsStats, DropCounts, ExporterStats } from "./analytics/stats.ts";
export type { AssignmentHealth } from "./assignments/health.ts";
export { createFlags, type Flags } from "./create-flags.ts";
export type {
  EdgeOptions,
  OverrideTokenKey,
  OverrideTokenOptions,
  UrlOverrideOptions,
} from "./edge/options.ts";
export type {
  IssuedToken,
  OverrideTokens,
  TokenInspection,
  TokenRecord,
  TokenRequest,
} from "./edge/override-tokens.ts";
export type { TokenClaims, TokenFlaw } from "./edge/token.ts";
export { type BootstrapOptions, bootstrapScript } from "./endpoints/bootstrap-script.ts";
export type { Endpoint, HttpRequest, HttpResponse } from "./endpoints/endpoint.ts";
export { clientValues, featuresEndpoint } from "./endpoints/features.ts";
export { type HealthEndpointOptions, healthEndpoint } from "./endpoints/health.ts";
export type { Authorize, ManagementQuestion } from "./endpoints/management/authorize.ts";
export type { StreamCounts } from "./endpoints/management/change-streams.ts";
export {
  type ManagementApi,
  type ManagementOptions,
  managementApi,
} from "./endpoints/management/management-api.ts";
export type { ManagementAction, ManagementResource } from "./endpoints/management/operation.ts";
export type { StreamOptions } from "./endpoints/management/stream-options.ts";
export type { VariantHandlers, VariantOptions } from "./guard/by-variant.ts";
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
export type { FreezeWindow } from "./review/freezes.ts";
export type { ReviewOptions } from "./review/options.ts";
export type {
  Proposal,
  ProposalContent,
  ProposalFailure,
  ProposalStatus,
  ReviewStep,
} from "./review/proposal.ts";
export type {
  ProposalQuery,
  Proposals,
  ProposeOptions,
  ReviewStepOptions,
} from "./review/proposals.ts";
export type { Impact } from "./sample/impact.ts";
export type { SampleOptions } from "./sample/options.ts";
export type { FlagImpact, Served, Transition } from "./sample/tally.ts";
export { type FileSourceOptions, fileSource } from "./sources/file-source.ts";
export type { SubjectOptions } from "./subjects/options.ts";
export type {
  MetricsOptions,
  OptionalAttribute,
  Signal,
  TelemetryOptions,
} from "./telemetry/options.ts";
export type {
  FlagUsage,
  UsageFinding,
  UsageOptions,
  UsageReport,
} from "./usage/usage-report.ts";
