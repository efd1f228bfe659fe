import { isDefinition } from "../definition/parse-document.ts";
import { isPlainObject, setOwn } from "../json.ts";

/** A document's parts by what stores keep: one entry per flag and segment, whatever the shorthand. */
export interface DocumentRows {
  readonly flags: Map<string, unknown>;
  readonly segments: Map<string, unknown>;
  /** Fields of the document that are neither. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/** Takes apart a document that has been loaded, so that each flag can be replaced by itself. */
export function documentRows(document: Readonly<Record<string, unknown>>): DocumentRows {
  const { flags, feature_flags: named, segments, ...rest } = document;
  const rows = new Map<string, unknown>();
  for (const part of [flags, named]) {
    if (Array.isArray(part)) addNamed(rows, part);
    else if (isPlainObject(part)) addEntries(rows, part, "");
  }
  return { flags: rows, segments: new Map(Object.entries(segments ?? {})), rest };
}

/** The document that these rows make. */
export function rowsDocument({ flags, segments, rest }: DocumentRows): Record<string, unknown> {
  return { ...rest, segments: asObject(segments), flags: asObject(flags) };
}

function asObject(rows: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [key, value] of rows) setOwn(object, key, value);
  return object;
}

/** Flags in a list are on when they are only named, which entries of a map have to say. */
function addNamed(rows: Map<string, unknown>, list: readonly unknown[]): void {
  for (const item of list) {
    const { name, ...definition } = item as Record<string, unknown>;
    rows.set(String(name).trim(), { enabled: true, ...definition });
  }
}

function addEntries(
  rows: Map<string, unknown>,
  map: Readonly<Record<string, unknown>>,
  prefix: string,
): void {
  for (const [name, value] of Object.entries(map)) {
    if (value === undefined) continue;
    const key = `${prefix}${name.trim()}`;
    if (isPlainObject(value) && !isDefinition(value)) addEntries(rows, value, `${key}.`);
    else rows.set(key, value);
  }
}
