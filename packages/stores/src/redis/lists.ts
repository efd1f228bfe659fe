import {
  type AuditEntry,
  type AuditFilter,
  auditPosition,
  checkLimit,
  comparePositions,
  compareTexts,
  isAuditWanted,
  isStorable,
  type Override,
  type OverrideFilter,
  type Page,
  type PageRequest,
  type ProposalFilter,
  pageOf,
  positionOf,
  type StoredDefinition,
  scopeKey,
} from "@halyard/core";
import { auditFrom, definitionFrom, overrideFrom } from "../shared/json-rows.ts";
import { type Keys, slotField, slotName, slotOf, slotRange } from "./keys.ts";
import { Commands } from "./scripts.ts";

/** Runs commands that read; what each gives. */
export type Reader = (commands: Commands) => Promise<readonly unknown[]>;

/** Names or entries that are fetched at a time. */
const CHUNK = 500;

/** Longest text that is looked for: nothing longer is kept. */
const LONGEST_ID = 4096;

export async function listOverrides(
  read: Reader,
  keys: Keys,
  filter: OverrideFilter,
  page: PageRequest,
): Promise<Page<Override>> {
  checkLimit(page.limit);
  const after = page.cursor === undefined ? undefined : positionOf(page.cursor, 3);
  const texts = [filter.flagKey, filter.scope].filter((text) => text !== undefined);
  const found: Override[] = [];
  if (texts.every((text) => isStorable(text, LONGEST_ID))) {
    for await (const names of slotNames(read, keys, filter, after)) {
      for (const row of await rowsOf(read, keys, names, page.limit + 1 - found.length)) {
        if (isWanted(row, filter)) found.push(row);
      }
      if (found.length > page.limit) break;
    }
  }
  return pageOf(found, page, ({ flagKey, layer, scope }) => [flagKey, layer, scopeKey(scope)]);
}

/** Names of slots that may be wanted, in order, after a position. */
async function* slotNames(
  read: Reader,
  keys: Keys,
  filter: OverrideFilter,
  after: readonly string[] | undefined,
): AsyncGenerator<readonly string[]> {
  const { flagKey, scope, expiredAt } = filter;
  if (scope === undefined && expiredAt === undefined) {
    yield* allNames(read, keys, filter, after);
    return;
  }
  // Few enough to be sorted here: those of a scope, or those that a sweep is to remove.
  const commands = new Commands(keys.meta);
  if (scope !== undefined) commands.add("HKEYS", keys.scope(scope));
  else commands.add("ZRANGEBYSCORE", keys.expiries, "-inf", expiredAt as number);
  const [given] = (await read(commands)) as [readonly string[]];
  const slots = given.map((name) =>
    scope === undefined ? name.split("\0") : [...name.split(" "), scope],
  );
  const wanted = slots
    .filter(([flag]) => flagKey === undefined || flag === flagKey)
    .filter((slot) => after === undefined || comparePositions(slot, after) > 0)
    .sort(comparePositions)
    .map(slotName);
  for (let first = 0; first < wanted.length; first += CHUNK)
    yield wanted.slice(first, first + CHUNK);
}

async function* allNames(
  read: Reader,
  keys: Keys,
  { flagKey, layer }: OverrideFilter,
  after: readonly string[] | undefined,
): AsyncGenerator<readonly string[]> {
  for (let last = after && slotName(after); ; ) {
    const [least, greatest] = slotRange(flagKey, last);
    const command = new Commands(keys.meta);
    command.add("ZRANGEBYLEX", keys.overrides, least, greatest, "LIMIT", 0, CHUNK);
    const [names] = (await read(command)) as [readonly string[]];
    yield names.filter((name) => layer === undefined || slotOf(name).layer === layer);
    if (names.length < CHUNK) return;
    last = names.at(-1);
  }
}

/** The rows of slots, up to a number; those that are gone since their names were read are not. */
async function rowsOf(
  read: Reader,
  keys: Keys,
  names: readonly string[],
  most: number,
): Promise<readonly Override[]> {
  const found: Override[] = [];
  for (let first = 0; first < names.length && found.length < most; first += most) {
    const commands = new Commands(keys.meta);
    for (const name of names.slice(first, first + most)) {
      const slot = slotOf(name);
      commands.add("HGET", keys.scope(slot.scope), slotField(slot));
    }
    for (const text of await read(commands)) {
      if (typeof text === "string") found.push(overrideFrom(text));
    }
  }
  return found;
}

function isWanted(row: Override, { flagKey, layer, scope, expiredAt }: OverrideFilter): boolean {
  return (
    (flagKey ?? row.flagKey) === row.flagKey &&
    (layer ?? row.layer) === row.layer &&
    (scope === undefined || scope === scopeKey(row.scope)) &&
    (expiredAt === undefined || (row.expiresAt ?? Number.POSITIVE_INFINITY) <= expiredAt)
  );
}

export async function listMembers(
  read: Reader,
  keys: Keys,
  group: string,
  page: PageRequest,
): Promise<Page<string>> {
  checkLimit(page.limit);
  const after = page.cursor === undefined ? "-" : `(${positionOf(page.cursor, 1)[0]}`;
  if (!isStorable(group, LONGEST_ID)) return { items: [], cursor: undefined };
  const command = new Commands(keys.meta);
  command.add("ZRANGEBYLEX", keys.group(group), after, "+", "LIMIT", 0, page.limit + 1);
  const [users] = (await read(command)) as [readonly string[]];
  return pageOf(users, page, (user) => [user]);
}

/** There are few enough to be sorted here. */
export async function listProposals(
  read: Reader,
  keys: Keys,
  { key }: ProposalFilter,
  page: PageRequest,
): Promise<Page<StoredDefinition>> {
  checkLimit(page.limit);
  const after = page.cursor === undefined ? undefined : positionOf(page.cursor, 1);
  const [all] = await read(new Commands(keys.meta).add("HKEYS", keys.proposals));
  const ids = (all as readonly string[])
    .filter((id) => (key ?? id) === id)
    .filter((id) => after === undefined || comparePositions([id], after) > 0)
    .sort(compareTexts)
    .slice(0, page.limit + 1);
  // By the ids, as one may be gone since they were read.
  const { items: wanted, cursor } = pageOf(ids, page, (id) => [id]);
  if (wanted.length === 0) return { items: [], cursor };
  const [texts] = await read(new Commands(keys.meta).add("HMGET", keys.proposals, ...wanted));
  const rows = (texts as readonly unknown[]).filter((text) => typeof text === "string");
  return { items: rows.map(definitionFrom), cursor };
}

export async function listAudit(
  read: Reader,
  keys: Keys,
  filter: AuditFilter,
  page: PageRequest,
): Promise<Page<AuditEntry>> {
  checkLimit(page.limit);
  const found: AuditEntry[] = [];
  let before = auditPosition(page.cursor);
  while (found.length <= page.limit && before !== 1) {
    const newest = before === undefined ? "+" : `${before - 1}-0`;
    const command = new Commands(keys.meta);
    command.add("XREVRANGE", keys.audit, newest, "-", "COUNT", CHUNK);
    const [entries] = (await read(command)) as [readonly (readonly [string, readonly string[]])[]];
    const fetched = entries.map(([, fields]) => auditFrom(fields[5] as string));
    found.push(...fetched.filter((entry) => isAuditWanted(entry, filter)));
    if (entries.length < CHUNK) break;
    before = Number(fetched.at(-1)?.id);
  }
  return pageOf(found.slice(0, page.limit + 1), page, ({ id }) => [id]);
}
