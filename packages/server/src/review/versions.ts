import { layerOf, type Override, resolveKey, scopeKey } from "@halyard/core";
import type { Change } from "../instance/changes.ts";
import type { DefinitionWrites } from "../instance/definition-writes.ts";
import { SWEEP } from "../instance/expiry-sweep.ts";
import type { RuntimeState } from "../instance/runtime-state.ts";
import type { StoredOverrides } from "../instance/stored-overrides.ts";

export interface VersionsOptions {
  readonly writes: DefinitionWrites;
  readonly overrides: StoredOverrides;
  readonly state: RuntimeState;
}

/** The versions that changes are meant for: what has changed since is not overwritten. */
export class Versions {
  readonly #options: VersionsOptions;

  constructor(options: VersionsOptions) {
    this.#options = options;
  }

  /** The change with the version of what it is about, unless it says one or there is none. */
  async versioned(change: Change): Promise<Change> {
    if (change.what === "group" || change.ifVersion !== undefined) return change;
    if (change.what !== "override") {
      const { writes } = this.#options;
      const isNew = writes.ownerOf(change.what, change.key) === undefined;
      return { ...change, ifVersion: isNew ? 0 : writes.versionOf(change.what, change.key) };
    }
    const { overrides, state } = this.#options;
    const record = await overrides.get(change.key, change.scope);
    if (record.state === "missing") return { ...change, ifVersion: 0 };
    // It may still stand under a key that has become an alias.
    const isOwn = record.flagKey === resolveKey(change.key, state.replica.snapshot.aliases);
    if (isOwn && (record.expiresAt ?? Number.POSITIVE_INFINITY) <= state.clock()) {
      await this.#sweep(record);
      return { ...change, ifVersion: 0 };
    }
    return { ...change, ifVersion: isOwn ? record.version : 0 };
  }

  /** What has expired goes now: it would go anyway, and the change is for what there is then. */
  async #sweep({ flagKey, scope }: Pick<Override, "flagKey" | "scope">): Promise<void> {
    const slot = { flagKey, layer: layerOf(scope), scope: scopeKey(scope) };
    const plan = () => [{ what: "override", ...slot, put: "expired" } as const];
    await this.#options.state.write(plan, { actor: SWEEP }, "");
  }

  /** Whether this process has not seen yet what some of the changes are meant for. */
  isBehind(changes: readonly Change[]): boolean {
    const { storeVersion } = this.#options.state.replica;
    return changes.some(
      (change) =>
        (change.what === "flag" || change.what === "segment") &&
        (change.ifVersion ?? 0) > (storeVersion ?? 0),
    );
  }
}
