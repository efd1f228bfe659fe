import { RE2JS } from "re2js";
import {
  type AnyContext,
  type AssignmentBook,
  compileSnapshot,
  type DefinitionSet,
  FlagClient,
  type JsonValue,
  loadDocument,
  type Override,
  OverrideSet,
  type RegexEngine,
  runToEnd,
  type Snapshot,
  stateOf,
} from "../../packages/core/src/index.ts";
import type { WrittenOverride } from "./reference.ts";

/** The engine that the documentation names for patterns that do not run natively. */
export const regexEngine: RegexEngine = {
  compile(pattern) {
    const compiled = RE2JS.compile(pattern);
    return (subject) => compiled.matcher(subject).find();
  },
};

export interface Conditions {
  readonly environment?: string | undefined;
  readonly now: number;
  readonly overrides?: readonly WrittenOverride[];
  readonly assignments?: AssignmentBook;
}

export function load(document: unknown): DefinitionSet {
  return loadDocument(document, { regexEngine });
}

/** The flags of one section of a larger document. */
export function loadSection(document: unknown, section: string): DefinitionSet {
  return loadDocument(document, { regexEngine, section });
}

export function snapshotOf(set: DefinitionSet, conditions: Conditions): Snapshot {
  const { environment, now, overrides = [], assignments } = conditions;
  const clock = () => now;
  const compiled = runToEnd(compileSnapshot(set, { environment, regexEngine, clock, assignments }));
  const made = overrides.map(overrideOf);
  const forEverybody = new OverrideSet(made, (key) => compiled.flags.get(key)?.flag);
  return { ...compiled, overrides: made.length > 0 ? forEverybody : undefined };
}

const TESTER = { id: "test", type: "service" };

function overrideOf({ flagKey, layer, value, expiresAt }: WrittenOverride): Override {
  return {
    flagKey,
    layer,
    scope: { kind: "system" },
    state: stateOf(value as JsonValue),
    value: value as JsonValue,
    reason: "a test",
    actor: TESTER,
    createdAt: 0,
    createdBy: TESTER,
    updatedAt: 0,
    expiresAt,
    version: 0,
  };
}

export function clientOf(
  snapshot: Snapshot,
  context?: unknown,
  defaultEnabled = false,
): FlagClient {
  return new FlagClient({ snapshot, defaultEnabled, track: () => {} }, context as AnyContext);
}
