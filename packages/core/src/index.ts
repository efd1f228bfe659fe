// For applications, and for authors of sources, stores and adapters.
export type {
  AnalyticsEvent,
  AnalyticsExporter,
  AnalyticsRecord,
  ExportOutcome,
  ExposureEvent,
  GiveUpSignal,
  TrackedEvent,
} from "./analytics.ts";
export {
  type Assignment,
  type AssignmentStore,
  MAX_UNIT,
  type NewAssignment,
} from "./assignments/assignment-store.ts";
export {
  MemoryAssignments,
  type MemoryAssignmentsOptions,
} from "./assignments/memory-assignments.ts";
export { FlagClient } from "./client.ts";
export type { ClientHost, ReadCounts } from "./client-host.ts";
export {
  type DefinedFlags,
  type DefineFlagsOptions,
  defineFlags,
} from "./definition/define-flags.ts";
export type {
  DefinitionSet,
  LoadReport,
  LoadResult,
  Shadowed,
} from "./definition/definition-set.ts";
export type {
  Clause,
  Condition,
  Flag,
  FlagMetadata,
  FlagType,
  Prerequisite,
  Rollout,
  Rule,
  ScheduleStep,
  Serve,
  Target,
  Variant,
  Weight,
} from "./definition/flag.ts";
export { fitsType, variantsOf } from "./definition/flag.ts";
export type {
  ClauseInput,
  ConditionInput,
  FlagInput,
  RolloutInput,
  RuleInput,
  ServeInput,
  TargetInput,
} from "./definition/flag-input.ts";
export { isKey, KEY_RULE, resolveKey } from "./definition/keys.ts";
export {
  invalidDefinitions,
  loadDefinitions,
  loadDocument,
  type SourceDocuments,
} from "./definition/load.ts";
export { isDefinition, type ParseCache, type ParseOptions } from "./definition/parse-document.ts";
export { formatProblem, type Problem } from "./definition/problems.ts";
export { HalyardError, type HalyardErrorCode } from "./errors.ts";
export { readAttribute, unitOf } from "./evaluation/attributes.ts";
export { attributesOf } from "./evaluation/attributes-of.ts";
export {
  type AnyContext,
  type EvaluationContext,
  isLazy,
  type LazyContext,
} from "./evaluation/context.ts";
export type {
  Cause,
  EvaluationDetails,
  EvaluationErrorCode,
  Reason,
} from "./evaluation/details.ts";
export type { CompiledFlag } from "./evaluation/flag.ts";
export { murmur3 } from "./evaluation/hash/murmur3.ts";
export { JoinedContext } from "./evaluation/joined-context.ts";
export { parseDate } from "./evaluation/operators/dates.ts";
export type { EvaluationCounters, RegexEngine } from "./evaluation/operators/operator.ts";
export { EvaluationState } from "./evaluation/state.ts";
export { type AssignmentBook, peekAssignments, type UnitAssignments } from "./evaluation/sticky.ts";
export type { SubjectLoader, SubjectView } from "./evaluation/subject-loader.ts";
export type {
  ConditionTrace,
  Explanation,
  OverrideTrace,
  ServeTrace,
  StepTrace,
} from "./evaluation/trace.ts";
export type { JsonObject, JsonValue, Scalar } from "./json.ts";
export { copyPlain, freezeJson, isPlainObject, isScalar, jsonEqual } from "./json.ts";
export { type EvaluationObserver, ObservedFlagClient } from "./observed-client.ts";
export { type Actor, checkActor } from "./overrides/actor.ts";
export {
  DEFAULT_PRECEDENCE,
  type Layer,
  type OrdinaryLayer,
  type Precedence,
  precedenceWith,
} from "./overrides/layers.ts";
export {
  hasValue,
  type Override,
  type OverrideState,
  stateOf,
} from "./overrides/override.ts";
export { OverrideSet } from "./overrides/override-set.ts";
export {
  checkScope,
  isScopeId,
  layerOf,
  parseScopeKey,
  type Scope,
  type ScopeKind,
  scopeKey,
} from "./overrides/scope.ts";
export { type Subject, scopesOf, subjectOf } from "./overrides/subject.ts";
export type {
  Clock,
  DefinitionDocument,
  DefinitionSource,
  EvaluationMeasure,
  EvaluationSeries,
  Logger,
  LostEvents,
  MeasuredInstance,
  Metrics,
  MetricsState,
  SourceContents,
  SourceListener,
} from "./ports.ts";
export type { FlagKey, FlagKeyOf, FlagValue, Register, RegisteredFlags } from "./registry.ts";
export {
  type CompileOptions,
  compileSnapshot,
  emptySnapshot,
  hideFlags,
  type Snapshot,
} from "./snapshot.ts";
export { runToEnd } from "./steps.ts";
export { announce, complain } from "./store/announce.ts";
export { auditPosition, isAuditWanted, touchedOf } from "./store/audit.ts";
export { type CheckedWrite, checkWrite, isStorable } from "./store/check-write.ts";
export { type DocumentRows, documentRows, rowsDocument } from "./store/document-rows.ts";
export {
  databaseProvider,
  invalidVariable,
  readStoreVariables,
  type StoreVariables,
  textOf,
  type Variables,
} from "./store/environment.ts";
export { MemoryStore } from "./store/memory-store.ts";
export {
  checkLimit,
  comparePositions,
  compareTexts,
  cursorOf,
  MAX_PAGE,
  pageOf,
  pageOfAll,
  positionOf,
} from "./store/page.ts";
export {
  documentEntry,
  type OverrideSlot,
  type PlannedRow,
  planWrite,
  type Row,
  rowId,
  type StoredDefinition,
  subjectOf as changeSubjectOf,
  type WritePlan,
} from "./store/plan-write.ts";
export {
  type Attribution,
  type AuditAction,
  type AuditEntry,
  type AuditFilter,
  type AuditSubject,
  type DefinitionChange,
  type GroupChange,
  MAX_CHANGES,
  type MigrateOptions,
  type Migration,
  type OverrideChange,
  type OverrideFilter,
  type OverrideValue,
  type Page,
  type PageRequest,
  type ProposalChange,
  type ProposalFilter,
  type Store,
  type StoreChange,
  type StoreContents,
  type StoredLayer,
  type StoreNotice,
  type StoreReader,
  type StoreWriter,
  type SubjectContents,
  type SubjectQuery,
  type Touched,
  type WriteResult,
} from "./store/store.ts";
