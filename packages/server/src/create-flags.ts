import type { EvaluationContext, FlagClient } from "@halyard/core";
import type { Analytics } from "./analytics/analytics.ts";
import type { OverrideTokens } from "./edge/override-tokens.ts";
import { FlagsInstance } from "./flags-instance.ts";
import type { GuardedRoute } from "./guard/guard-list.ts";
import type { Change, ChangeOptions, ChangeReport } from "./instance/changes.ts";
import type { Definitions } from "./instance/definitions.ts";
import type { Health } from "./instance/health.ts";
import type { FlagsOptions } from "./instance/options.ts";
import type { Audit, Groups, Overrides } from "./instance/overrides.ts";
import type { Segments } from "./instance/segments.ts";
import type { Proposals } from "./review/proposals.ts";
import type { UsageOptions, UsageReport } from "./usage/usage-report.ts";

/** An instance: definitions from its sources, clients that read them, and what controls it. */
export interface Flags {
  /** Reads for one subject outside of requests: jobs, sockets, scripts. */
  client(context?: EvaluationContext): FlagClient;
  readonly definitions: Definitions;
  readonly segments: Segments;
  readonly overrides: Overrides;
  /** Signed tokens that override flags for whoever holds them. */
  readonly overrideTokens: OverrideTokens;
  readonly groups: Groups;
  readonly audit: Audit;
  /** Events of what was served, on their way to the exporters. */
  readonly analytics: Analytics;
  /**
   * Makes several changes of flags, segments, overrides and groups, all or none. Resolves when reads
   * see them; rejects as each would alone.
   */
  change(changes: readonly Change[], options?: ChangeOptions): Promise<ChangeReport>;
  /** Changes that wait for somebody else's approval, or for their time; with the option `review`. */
  readonly proposals: Proposals;
  /** Which routes are guarded by which flags. */
  guards(): readonly GuardedRoute[];
  /**
   * Resolves once the definitions of all sources have been loaded; rejects, when requests would
   * wait no longer, with why they are not. May be asked again.
   */
  ready(): Promise<void>;
  health(): Health;
  /** Which flags are in use and which are not, as far as this process knows. See the option `usage`. */
  usage(options?: UsageOptions): UsageReport;
  /**
   * Stops watching and releases everything; reads go on from the last snapshot. Idempotent. Waits at
   * most `timeout` milliseconds (default 10,000) for what is under way, and says so when it gives up.
   */
  close(options?: CloseOptions): Promise<void>;
  /** The environment that flags are compared with. */
  readonly environment: string;
}

export interface CloseOptions {
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

/**
 * Makes an instance. Throws when sources that can be read at once (memory, files) hold bad
 * definitions, and for bad options or environment variables; other sources are waited for by
 * requests and by `ready`.
 */
export function createFlags<Request = unknown>(options: FlagsOptions<Request> = {}): Flags {
  return new FlagsInstance(options as FlagsOptions);
}
