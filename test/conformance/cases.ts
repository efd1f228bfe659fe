import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Cases that share a document and its surroundings. */
export interface Group {
  readonly description: string;
  readonly document: unknown;
  /** The part of the document that holds flags. */
  readonly section?: string;
  /** Joins the names of nested groups of flags. */
  readonly delimiter?: string;
  readonly environment?: string;
  /** ISO 8601. */
  readonly now?: string;
  readonly stale?: boolean;
  readonly defaultEnabled?: boolean;
  readonly overrides?: readonly CaseOverride[];
  readonly cases?: readonly Case[];
  /** JSON Pointers of what is wrong with the document, in any order; then it has no cases. */
  readonly problems?: readonly string[];
  /** The same of what is doubtful. */
  readonly warnings?: readonly string[];
}

interface CaseOverride {
  readonly flag: string;
  readonly layer: "emergency" | "local" | "system";
  /** Absent: unset. */
  readonly value?: unknown;
  /** ISO 8601. */
  readonly expiresAt?: string;
}

export interface Case {
  readonly description?: string;
  readonly flag: string;
  readonly context?: Readonly<Record<string, unknown>>;
  /** How it is read; absent means `details`. */
  readonly read?: "enabled" | "value" | "boolean" | "string" | "integer" | "number" | "json";
  readonly fallback?: unknown;
  /** What the details must be, in part; only `value` for other reads. `null` is none. */
  readonly expect: Readonly<Record<string, unknown>>;
}

export interface CaseFile {
  readonly topic: string;
  readonly groups: readonly Group[];
}

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Every case of this folder, by topic. `{ "$date": iso }` becomes a `Date`. */
export function conformanceCases(): CaseFile[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => {
    const groups: Group[] = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"), revive);
    return { topic: name.slice(0, -".json".length), groups };
  });
}

function revive(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("$date" in value)) return value;
  return new Date(String(value.$date));
}
