import {
  type AnyContext,
  type ClientHost,
  type Clock,
  type EvaluationContext,
  type EvaluationCounters,
  type EvaluationObserver,
  type FlagClient,
  precedenceWith,
  type Snapshot,
  type SubjectLoader,
} from "@halyard/core";
import { InstanceAnalytics } from "./analytics/analytics.ts";
import { type Assignments, openAssignments } from "./assignments/open-assignments.ts";
import { MAX_TIMEOUT } from "./check-fields.ts";
import { readEnvironment } from "./config/environment.ts";
import { installedRegexEngine } from "./config/regex-engine.ts";
import { resolveSources } from "./config/sources.ts";
import type { CloseOptions, Flags } from "./create-flags.ts";
import { Edge } from "./edge/edge.ts";
import type { SignedOverrideTokens } from "./edge/override-tokens.ts";
import { type GuardedRoute, GuardList } from "./guard/guard-list.ts";
import { ChangeFeed, type ChangeNotice } from "./instance/change-feed.ts";
import { type Change, type ChangeOptions, type ChangeReport, Changes } from "./instance/changes.ts";
import { Clients } from "./instance/clients.ts";
import { safeClock } from "./instance/clock.ts";
import { withDeadline } from "./instance/deadline.ts";
import { DefinitionWrites } from "./instance/definition-writes.ts";
import { type Definitions, ReplicaDefinitions } from "./instance/definitions.ts";
import { DefinitionsReplica } from "./instance/definitions-replica.ts";
import { ExpirySweep } from "./instance/expiry-sweep.ts";
import { StoredGroups, storedAudit } from "./instance/groups.ts";
import { type Health, healthOf, metricsState } from "./instance/health.ts";
import { type GuardedHooks, guardHooks } from "./instance/hooks.ts";
import { countInstance } from "./instance/instance-count.ts";
import { keptAt } from "./instance/last-known-good.ts";
import { createLog, type Log } from "./instance/log.ts";
import { checkOptions, type FlagsOptions } from "./instance/options.ts";
import type { Audit, Groups } from "./instance/overrides.ts";
import { RuntimeState } from "./instance/runtime-state.ts";
import { ReplicaSegments, type Segments } from "./instance/segments.ts";
import type { Serving } from "./instance/serving.ts";
import { Startup } from "./instance/startup.ts";
import { StoredOverrides } from "./instance/stored-overrides.ts";
import { localOverrides, SystemOverrides } from "./instance/system-overrides.ts";
import type { Proposals } from "./review/proposals.ts";
import { NO_PROPOSALS, Review } from "./review/review.ts";
import { type Sampling, sampling } from "./sample/sampling.ts";
import { DEFAULT_DEADLINE, openSubjects, type Subjects } from "./subjects/open-subjects.ts";
import type { ReadStatistics } from "./telemetry/read-statistics.ts";
import { Telemetry } from "./telemetry/telemetry.ts";
import { ReadCounter } from "./usage/read-counter.ts";
import { type UsageOptions, type UsageReport, usageReport } from "./usage/usage-report.ts";

/** How long `close` waits, in milliseconds. */
const CLOSE_TIMEOUT = 10_000;

/** Between reads of sources that tell of no changes, in milliseconds. */
const REFRESH_INTERVAL = 30_000;

/** The instance as adapters see it. */
export class FlagsInstance implements Flags, ClientHost {
  /** Tells instances from options, also across two copies of this package. */
  readonly kind = "halyard.instance" as const;
  readonly environment: string;
  readonly options: FlagsOptions;
  readonly log: Log;
  readonly guardList: GuardList = new GuardList();
  readonly telemetry: Telemetry;
  readonly reads: ReadStatistics;
  /** Absent where reads are not counted by flag. */
  readonly readCounter: ReadCounter | undefined;
  readonly definitions: Definitions;
  readonly segments: Segments;
  /** Of any key, also of requests, which know no types. */
  readonly overrides: StoredOverrides;
  readonly overrideTokens: SignedOverrideTokens;
  /** Overrides that requests bring along. */
  readonly edge: Edge;
  readonly groups: Groups;
  readonly audit: Audit;
  readonly analytics: InstanceAnalytics;
  /** Definitions as they stand in the store, and what changes of them come to. */
  readonly writes: DefinitionWrites;
  readonly proposals: Proposals;
  /** Absent unless changes are reviewed. */
  readonly review: Review | undefined;
  /** What dry runs try changes on; absent unless a sample is kept. */
  readonly sampling: Sampling | undefined;
  /** Tells what changes, here and in other processes. */
  readonly feed: ChangeFeed;
  readonly #changes: Changes;
  readonly #subjects: Subjects | undefined;
  readonly #assignments: Assignments | undefined;
  readonly #sweep: ExpirySweep | undefined;
  readonly #replica: DefinitionsReplica;
  /** The replica's, at hand: each client asks for its snapshot. */
  readonly #serving: Serving;
  readonly defaultEnabled: boolean;
  readonly subjects: SubjectLoader | undefined;
  readonly #startup: Startup;
  readonly #hooks: GuardedHooks;
  readonly #clients: Clients;
  readonly #clock: Clock;
  readonly #release: () => void;
  #closing: Promise<void> | undefined;

  constructor(options: FlagsOptions) {
    checkOptions(options);
    const config = readEnvironment();
    this.options = options;
    this.log = createLog(options.logger);
    const clock = safeClock(options.clock, this.log);
    this.#clock = clock;
    this.environment = options.environment ?? config.environment;
    this.analytics = new InstanceAnalytics(options, config, this.log, clock);
    this.telemetry = new Telemetry({
      telemetry: options.telemetry,
      metrics: options.metrics,
      config: config.metrics,
      log: this.log,
      clock,
      state: () => metricsState(this.#replica, this.#subjects?.cache, this.analytics),
      analytics: this.analytics,
    });
    this.reads = this.telemetry.reads;
    const counters: EvaluationCounters = { oversizedSubjects: 0 };
    const hooks = guardHooks(options.hooks ?? {}, this.log);
    const precedence = precedenceWith(options.precedence ?? {});
    const { environment, telemetry, log } = this;
    this.edge = new Edge({ options, environment, precedence, clock, log, meter: telemetry.meter });
    const system = new SystemOverrides({
      log: this.log,
      precedence,
      local: localOverrides(config.overrides, options.overrides ?? {}),
      startedAt: clock(),
    });
    const deadline = options.subjects?.deadline ?? DEFAULT_DEADLINE;
    const sources = resolveSources(options, config, this.log).map((source) =>
      this.telemetry.measured(source, deadline),
    );
    const { ttl = config.cacheTtl, ...others } = options.subjects ?? {};
    const subjects = { ...others, ttl, deadline };
    const isOffline = options.offline ?? config.offline ?? false;
    const kept = isOffline ? undefined : options.assignments;
    this.#assignments = kept && openAssignments(kept, subjects, { telemetry, log, clock });
    const feed = new ChangeFeed(
      () => ({ snapshot: this.snapshot, version: this.#replica.storeVersion }),
      this.log,
    );
    this.feed = feed;
    const onNotice = (notice: ChangeNotice): void => {
      this.#subjects?.notice(notice);
      this.review?.notice(notice);
      feed.noticed(notice);
    };
    this.#replica = new DefinitionsReplica(sources, {
      compile: {
        environment: this.environment,
        regexEngine: options.regexEngine ?? installedRegexEngine(),
        counters,
        clock,
        assignments: this.#assignments?.book,
      },
      refreshInterval: options.refreshInterval ?? config.refreshInterval ?? REFRESH_INTERVAL,
      lastKnownGood: keptAt(options.lastKnownGood, this.log),
      isOffline,
      log: this.log,
      onReload: (event) => {
        hooks.onReload(event);
        feed.reloaded(event.changed);
      },
      onSwap: () => feed.swapped(),
      onNotice,
      overridesFor: (snapshot, stored) =>
        system.compile(snapshot, this.edge.revocations.take(stored)),
    });
    this.#serving = this.#replica.serving;
    const state = new RuntimeState({
      replica: this.#replica,
      clock,
      onChange: hooks.onChange,
      onWritten: onNotice,
    });
    const { store } = this.#replica;
    this.#subjects = store && openSubjects(store, subjects, { precedence, log: this.log });
    const stored = this.#subjects && this.telemetry.counted(this.#subjects);
    const loader = this.#assignments?.joinedTo(stored, () => this.snapshot) ?? stored;
    const { cache } = this.#subjects ?? {};
    const sampled = { cache, loader, system, precedence, snapshot: () => this.snapshot };
    this.sampling = sampling(options.sample, sampled);
    this.subjects = this.sampling?.loader ?? loader;
    this.overrides = new StoredOverrides(state, system, precedence);
    this.overrideTokens = this.edge.tokens(state);
    this.groups = new StoredGroups(state);
    this.audit = storedAudit(state);
    this.definitions = new ReplicaDefinitions(this.#replica, clock, hooks.onChange);
    this.writes = new DefinitionWrites(this.#replica);
    const { impacts } = this.sampling ?? {};
    this.#changes = new Changes(state, this.writes, this.definitions, impacts);
    this.segments = new ReplicaSegments(this.#replica, this.writes, this.#changes);
    const parts = { state, changes: this.#changes, writes: this.writes, overrides: this.overrides };
    this.review = options.review && new Review(options.review, { ...parts, log: this.log });
    this.proposals = this.review?.proposals ?? NO_PROPOSALS;
    this.defaultEnabled = options.defaultEnabled ?? config.defaultEnabled ?? false;
    this.#hooks = hooks;
    this.telemetry.start();
    try {
      this.#startup = new Startup(this.#replica, options.startTimeout);
    } catch (error) {
      // The exporter may be used for the next attempt.
      this.telemetry.close();
      throw error;
    }
    void this.#startup.over.then(() => this.review?.start());
    this.readCounter =
      options.usage === true ? new ReadCounter(clock, () => this.snapshot.flags) : undefined;
    const onEvaluation = options.hooks?.onEvaluation && hooks.onEvaluation;
    const { readCounter } = this;
    this.#clients = new Clients({ host: this, telemetry, readCounter, onEvaluation });
    this.#sweep = store && new ExpirySweep(state, this.log);
    this.#release = countInstance(this.log);
  }

  /** What a request waits for before its first read; `undefined` once the instance has started. */
  get starting(): Promise<void> | undefined {
    return this.#startup.pending;
  }

  /** By its clock; epoch milliseconds. */
  get now(): number {
    return this.#clock();
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  client(context?: EvaluationContext): FlagClient {
    return this.#clients.client(context);
  }

  /** Whether anybody hears of reads that are not traced. */
  get watchesReads(): boolean {
    return this.#clients.areWatched;
  }

  /** A client for a request's context, whose reads `observer` hears of beside the hooks. */
  clientFor(
    context: AnyContext | undefined,
    observer: EvaluationObserver | undefined,
    host?: ClientHost,
  ): FlagClient {
    return this.#clients.clientFor(context, observer, host);
  }

  track(event: string, data: unknown, client: FlagClient, context: AnyContext): void {
    this.#hooks.onTrack({ event, data, client });
    this.analytics.track(event, data, context);
  }

  change(changes: readonly Change[], options?: ChangeOptions): Promise<ChangeReport> {
    return this.#changes.apply(changes, options);
  }

  guards(): readonly GuardedRoute[] {
    return this.guardList.routes();
  }

  ready(): Promise<void> {
    return this.#startup.ready();
  }

  health(): Health {
    return healthOf(this.#replica, this.#subjects?.cache, this.telemetry, this.#assignments);
  }

  usage(options?: UsageOptions): UsageReport {
    const { snapshot, readCounter: counter, guardList: guards } = this;
    return usageReport({ counter, snapshot, guards, now: this.#clock() }, options);
  }

  /** Whether a store knows of subjects' overrides and groups. */
  get storesSubjects(): boolean {
    return this.#subjects !== undefined;
  }

  get snapshot(): Snapshot {
    return this.#serving.snapshot;
  }

  close({ timeout = CLOSE_TIMEOUT }: CloseOptions = {}): Promise<void> {
    this.#startup.end();
    const limit = Math.min(timeout, MAX_TIMEOUT);
    this.#closing ??= withDeadline(this.#end(limit), limit, "CLOSED", "late")
      .catch(() => this.log.warn(`close() waited ${timeout} ms, and something is still under way.`))
      .finally(this.#release);
    return this.#closing;
  }

  async #end(timeout: number): Promise<void> {
    this.feed.close();
    this.#subjects?.close();
    this.telemetry.close();
    this.readCounter?.close();
    const { analytics, review } = this;
    await Promise.all([
      this.#sweep?.close(),
      review?.close(),
      this.#replica.close(),
      analytics.close(timeout),
      this.#assignments?.close(timeout),
    ]);
  }
}
