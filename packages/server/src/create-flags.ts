import {
  type AnyContext,
  type ClientHost,
  type EvaluationContext,
  type EvaluationCounters,
  type EvaluationObserver,
  FlagClient,
  HalyardError,
  ObservedFlagClient,
  precedenceWith,
  type Snapshot,
  type SubjectLoader,
} from "@halyard/core";
import { readEnvironment } from "./config/environment.ts";
import { installedRegexEngine } from "./config/regex-engine.ts";
import { resolveSources } from "./config/sources.ts";
import { type GuardedRoute, GuardList } from "./guard/guard-list.ts";
import { type Change, type ChangeOptions, type ChangeReport, Changes } from "./instance/changes.ts";
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
import { LastKnownGood } from "./instance/last-known-good.ts";
import { createLog, type Log } from "./instance/log.ts";
import { checkOptions, type FlagsOptions } from "./instance/options.ts";
import { ownValue } from "./instance/override-values.ts";
import type { Audit, Groups, Overrides } from "./instance/overrides.ts";
import { RuntimeState } from "./instance/runtime-state.ts";
import { ReplicaSegments, type Segments } from "./instance/segments.ts";
import { StoredOverrides } from "./instance/stored-overrides.ts";
import { type LocalOverride, SystemOverrides } from "./instance/system-overrides.ts";
import { openSubjects, type Subjects } from "./subjects/open-subjects.ts";
import type { ReadStatistics } from "./telemetry/read-statistics.ts";
import { Telemetry } from "./telemetry/telemetry.ts";

/** An instance: definitions from its sources, clients that read them, and what controls it. */
export interface Flags {
  /** Reads for one subject outside of requests: jobs, sockets, scripts. */
  client(context?: EvaluationContext): FlagClient;
  readonly definitions: Definitions;
  readonly segments: Segments;
  readonly overrides: Overrides;
  readonly groups: Groups;
  readonly audit: Audit;
  /**
   * Makes several changes of flags, segments, overrides and groups, all or none. Resolves when reads
   * see them; rejects as each would alone.
   */
  change(changes: readonly Change[], options?: ChangeOptions): Promise<ChangeReport>;
  /** Which routes are guarded by which flags. */
  guards(): readonly GuardedRoute[];
  /**
   * Resolves once the definitions of all sources have been loaded; rejects, when requests would
   * wait no longer, with why they are not. May be asked again.
   */
  ready(): Promise<void>;
  health(): Health;
  /**
   * Stops watching and releases everything; reads go on from the last snapshot. Idempotent. Waits at
   * most `timeout` milliseconds (default 10,000) for what is under way, and says so when it gives up.
   */
  close(options?: CloseOptions): Promise<void>;
  /** The environment that flags are compared with. */
  readonly environment: string;
}

/** How long requests wait for the first definitions, in milliseconds. */
const START_TIMEOUT = 5000;

/** How long `close` waits, in milliseconds. */
const CLOSE_TIMEOUT = 10_000;

export interface CloseOptions {
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

/** Between reads of sources that tell of no changes, in milliseconds. */
const REFRESH_INTERVAL = 30_000;

/** That a request waits for its subject, in milliseconds. */
const SUBJECT_DEADLINE = 250;

/**
 * Makes an instance. Throws when sources that can be read at once (memory, files) hold bad
 * definitions, and for bad options or environment variables; other sources are waited for by
 * requests and by `ready`.
 */
export function createFlags<Request = unknown>(options: FlagsOptions<Request> = {}): Flags {
  return new FlagsInstance(options as FlagsOptions);
}

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
  readonly definitions: Definitions;
  readonly segments: Segments;
  /** Of any key, also of requests, which know no types. */
  readonly overrides: StoredOverrides;
  readonly groups: Groups;
  readonly audit: Audit;
  /** Definitions as they stand in the store, and what changes of them come to. */
  readonly writes: DefinitionWrites;
  readonly #changes: Changes;
  readonly #subjects: Subjects | undefined;
  readonly #sweep: ExpirySweep | undefined;
  readonly #replica: DefinitionsReplica;
  readonly defaultEnabled: boolean;
  readonly subjects: SubjectLoader | undefined;
  readonly #started: Promise<void>;
  readonly #hooks: GuardedHooks;
  readonly #release: () => void;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #closed = signal();

  constructor(options: FlagsOptions) {
    checkOptions(options);
    const config = readEnvironment();
    this.options = options;
    this.log = createLog(options.logger);
    const clock = safeClock(options.clock, this.log);
    this.environment = options.environment ?? config.environment;
    this.telemetry = new Telemetry({
      telemetry: options.telemetry,
      metrics: options.metrics,
      config: config.metrics,
      log: this.log,
      clock,
      state: () => metricsState(this.#replica, this.#subjects?.cache),
    });
    this.reads = this.telemetry.reads;
    const counters: EvaluationCounters = { oversizedSubjects: 0 };
    const hooks = guardHooks(options.hooks ?? {}, this.log);
    const precedence = precedenceWith(options.precedence ?? {});
    const system = new SystemOverrides({
      log: this.log,
      precedence,
      local: localOverrides(config.overrides, options.overrides ?? {}),
      startedAt: clock(),
    });
    const deadline = options.subjects?.deadline ?? SUBJECT_DEADLINE;
    const sources = resolveSources(options, config, this.log).map((source) =>
      this.telemetry.measured(source, deadline),
    );
    this.#replica = new DefinitionsReplica(sources, {
      compile: {
        environment: this.environment,
        regexEngine: options.regexEngine ?? installedRegexEngine(),
        counters,
        clock,
      },
      refreshInterval: options.refreshInterval ?? config.refreshInterval ?? REFRESH_INTERVAL,
      lastKnownGood: keptAt(options.lastKnownGood, this.log),
      isOffline: options.offline ?? config.offline ?? false,
      log: this.log,
      onReload: hooks.onReload,
      onNotice: (notice) => this.#subjects?.notice(notice),
      overridesFor: (snapshot, stored) => system.compile(snapshot, stored),
    });
    const state = new RuntimeState({
      replica: this.#replica,
      clock,
      onChange: hooks.onChange,
      onWritten: (notice) => this.#subjects?.notice(notice),
    });
    const { store } = this.#replica;
    const { ttl = config.cacheTtl, ...subjects } = options.subjects ?? {};
    this.#subjects =
      store && openSubjects(store, { ...subjects, ttl, deadline }, { precedence, log: this.log });
    this.subjects = this.#subjects && this.telemetry.counted(this.#subjects);
    this.overrides = new StoredOverrides(state, system, precedence);
    this.groups = new StoredGroups(state);
    this.audit = storedAudit(state);
    this.definitions = new ReplicaDefinitions(this.#replica, clock, hooks.onChange);
    this.writes = new DefinitionWrites(this.#replica);
    this.#changes = new Changes(state, this.writes, this.definitions, this.overrides);
    this.segments = new ReplicaSegments(this.#replica, this.writes, this.#changes);
    this.defaultEnabled = options.defaultEnabled ?? config.defaultEnabled ?? false;
    this.#hooks = hooks;
    this.telemetry.start();
    try {
      this.#started = this.#start();
    } catch (error) {
      // The exporter may be used for the next attempt.
      this.telemetry.close();
      throw error;
    }
    this.#sweep = store && new ExpirySweep(state, this.log);
    this.#release = countInstance(this.log);
  }

  /** Resolves once the start is over, whatever has become of it. */
  #start(): Promise<void> {
    const whole = this.#replica.startNow();
    this.#replica.watch();
    if (whole) return Promise.resolve();
    const timeout = this.options.startTimeout ?? START_TIMEOUT;
    const message = `The sources did not answer within ${timeout} ms.`;
    const over = Promise.race([this.#replica.start(), this.#closed.promise]);
    const started = withDeadline(over, timeout, "START_TIMEOUT", message)
      .catch((late: HalyardError) => this.#replica.startWithout(late))
      .finally(() => {
        this.#starting = undefined;
      });
    this.#starting = started;
    return started;
  }

  /** What a request waits for before its first read; `undefined` once the instance has started. */
  get starting(): Promise<void> | undefined {
    return this.#starting;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  client(context?: EvaluationContext): FlagClient {
    return this.clientFor(context, this.telemetry.clientRecorder(context));
  }

  /** A client for a request's context, whose reads `observer` hears of beside the hooks. */
  clientFor(context: AnyContext | undefined, observer: EvaluationObserver | undefined): FlagClient {
    if (this.options.hooks?.onEvaluation === undefined) {
      return observer === undefined
        ? new FlagClient(this, context)
        : new ObservedFlagClient(this, context, observer);
    }
    const { onEvaluation } = this.#hooks;
    return new ObservedFlagClient(this, context, {
      evaluated: (details, requestedKey) => {
        observer?.evaluated(details, requestedKey);
        onEvaluation({ details, requestedKey });
      },
    });
  }

  track(event: string, data: unknown, client: FlagClient): void {
    this.#hooks.onTrack({ event, data, client });
  }

  change(changes: readonly Change[], options?: ChangeOptions): Promise<ChangeReport> {
    return this.#changes.apply(changes, options);
  }

  guards(): readonly GuardedRoute[] {
    return this.guardList.routes();
  }

  async ready(): Promise<void> {
    await this.#started;
    if (this.#closing !== undefined) {
      throw new HalyardError("CLOSED", "The instance is closed, so it will not be ready.");
    }
    const { complete, lastError } = this.#replica;
    if (complete) return;
    throw (
      lastError?.error ?? new HalyardError("START_TIMEOUT", "The sources have not answered yet.")
    );
  }

  health(): Health {
    return healthOf(this.#replica, this.#subjects?.cache, this.telemetry);
  }

  get snapshot(): Snapshot {
    return this.#replica.snapshot;
  }

  close({ timeout = CLOSE_TIMEOUT }: CloseOptions = {}): Promise<void> {
    this.#closed.give();
    this.#closing ??= withDeadline(this.#end(), timeout, "CLOSED", "late")
      .catch(() => this.log.warn(`close() waited ${timeout} ms, and something is still under way.`))
      .finally(this.#release);
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#subjects?.close();
    this.telemetry.close();
    await Promise.all([this.#sweep?.close(), this.#replica.close()]);
  }
}

function keptAt(path: string | undefined, log: Log): LastKnownGood | undefined {
  return path === undefined ? undefined : new LastKnownGood(path, log);
}

/** Code wins over environment. */
function localOverrides(
  texts: ReadonlyMap<string, string>,
  values: Required<FlagsOptions>["overrides"] & object,
): ReadonlyMap<string, LocalOverride> {
  return new Map<string, LocalOverride>([
    ...[...texts].map(([key, text]) => [key, { text }] as const),
    ...Object.entries(values).map(
      ([key, value]) => [key, { value: ownValue(value, key) }] as const,
    ),
  ]);
}

function signal(): { readonly promise: Promise<void>; readonly give: () => void } {
  let give = (): void => {};
  const promise = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { promise, give };
}
