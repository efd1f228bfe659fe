import type { AuditEntry, Override, StoredDefinition } from "@halyard/core";
import { auditFrom, definitionFrom, overrideFrom, overrideText } from "../shared/json-rows.ts";
import type { KeyValues } from "./key-values.ts";

/** What a store is now: written first by each write, which is made when all of it is there. */
export interface Head {
  readonly id: string;
  readonly version: number;
  /** The id of the newest entry of the audit. */
  readonly audited: number;
  /** What the last write puts under other keys; `null` removes. Perhaps not done yet. */
  readonly journal: Readonly<Record<string, string | null>>;
}

/** The store as of one head: what its journal has comes before what the keys have. */
export class Snapshot {
  readonly head: Head;
  readonly #values: KeyValues;

  constructor(values: KeyValues, head: Head) {
    this.#values = values;
    this.head = head;
  }

  async text(key: string): Promise<string | undefined> {
    const { journal } = this.head;
    if (Object.hasOwn(journal, key)) return journal[key] ?? undefined;
    return this.#values.get(key);
  }

  async definitions(): Promise<readonly StoredRow[]> {
    const text = await this.text(this.#values.definitions);
    return text === undefined ? [] : (JSON.parse(text) as [StoredRow["what"], string][]).map(rowOf);
  }

  async overrides(scope: string): Promise<readonly Override[]> {
    return overridesIn(await this.text(this.#values.scope(scope)));
  }

  /** Those of all scopes; as many reads as there are scopes. */
  async allOverrides(): Promise<readonly Override[]> {
    const journalled = Object.keys(this.head.journal).filter((key) => key.includes(":scope:"));
    const keys = new Set([...(await this.#values.scopes()), ...journalled]);
    const texts = await inTurns([...keys], (key) => this.text(key));
    return texts.flatMap(overridesIn);
  }

  groupsOf(user: string): Promise<readonly string[]> {
    return this.#names(this.#values.user(user));
  }

  membersOf(group: string): Promise<readonly string[]> {
    return this.#names(this.#values.group(group));
  }

  async #names(key: string): Promise<readonly string[]> {
    return JSON.parse((await this.text(key)) ?? "[]") as string[];
  }

  proposalIds(): Promise<readonly string[]> {
    return this.#names(this.#values.proposals);
  }

  async proposal(id: string): Promise<StoredDefinition | undefined> {
    const text = await this.text(this.#values.proposal(id));
    return text === undefined ? undefined : definitionFrom(text);
  }

  /** What a version wrote, oldest first; `undefined` when that is not kept any more. */
  async audit(version: number): Promise<readonly AuditEntry[] | undefined> {
    const text = await this.text(this.#values.audit(version));
    return text === undefined ? undefined : (JSON.parse(text) as string[]).map(auditFrom);
  }
}

export interface StoredRow {
  readonly what: "flag" | "segment";
  readonly row: StoredDefinition;
}

function rowOf([what, text]: [StoredRow["what"], string]): StoredRow {
  return { what, row: definitionFrom(text) };
}

function overridesIn(text: string | undefined): readonly Override[] {
  return text === undefined ? [] : (JSON.parse(text) as string[]).map(overrideFrom);
}

/** `null`, which removes the key, for none. */
export function overridesText(overrides: readonly Override[]): string | null {
  return overrides.length === 0 ? null : JSON.stringify(overrides.map(overrideText));
}

/** Does something with each item, some at a time. */
export async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += 50) {
    results.push(...(await Promise.all(items.slice(first, first + 50).map(work))));
  }
  return results;
}
