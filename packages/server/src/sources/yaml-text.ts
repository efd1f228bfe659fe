import {
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  mergeTag,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from "js-yaml";
import { OUTLINED, type Outline, pointerOf } from "./outline.ts";
import { duplicateKey, LineTable, positionAt, type TextProblem } from "./text.ts";

/** YAML 1.2, where a date is a string and `no` is no boolean; and merge keys, which many use. */
const SCHEMA = CORE_SCHEMA.withTags(mergeTag);

/** Deeper than any document of flags. */
const MAX_DEPTH = 100;

/** Values that aliases may expand to in any text, however short it is. */
const EXPANSION = 100_000;

export type ParsedYaml = { document: unknown; events: Event[] } | { problems: TextProblem[] };

/** Parses one YAML document. `document` is `undefined` when there is none in the text. */
export function parseYaml(text: string): ParsedYaml {
  let events: Event[] = [];
  try {
    events = parseEvents(text, { maxDepth: MAX_DEPTH });
    const documents = constructFromEvents(events, {
      source: text,
      schema: SCHEMA,
      // Its default would refuse ten thousand flags that merge a template, which is lawful.
      maxTotalMergeKeys: Math.max(EXPANSION, text.length),
    });
    const second = startOfSecondDocument(events);
    if (second !== undefined) {
      const message = "holds several YAML documents (a line of `---`); split it into several files";
      return { problems: [{ path: "", message, ...positionAt(text, second) }] };
    }
    const expanded = expansionProblem(text, events, documents[0]);
    return expanded === undefined ? { document: documents[0], events } : { problems: [expanded] };
  } catch (error) {
    return { problems: explain(text, events, error) };
  }
}

function explain(text: string, events: readonly Event[], error: unknown): TextProblem[] {
  if (!(error instanceof YAMLException)) {
    const message = error instanceof Error ? error.message : String(error);
    return [{ path: "", message: `can't be parsed as YAML: ${message}` }];
  }
  if (error.reason === "duplicated mapping key") {
    // The parser stops at the first; people want to hear of all.
    const duplicates = findDuplicateKeys(text, events);
    if (duplicates.length > 0) return duplicates;
  }
  const { mark } = error;
  const position = mark === undefined ? {} : { line: mark.line + 1, column: mark.column + 1 };
  return [{ path: "", message: `is no valid YAML: ${error.reason}`, ...position }];
}

function startOfSecondDocument(events: readonly Event[]): number | undefined {
  const second = events.findIndex(({ type }, index) => index > 0 && type === EVENT_ID.DOCUMENT);
  if (second < 0) return undefined;
  return startFrom(events, second) ?? 0;
}

/**
 * A few lines of aliases of aliases can stand for billions of values, and an anchor can hold its
 * own alias. So the tree is walked as its readers will walk it, but only so far.
 */
function expansionProblem(
  text: string,
  events: readonly Event[],
  document: unknown,
): TextProblem | undefined {
  const alias = events.find(({ type }) => type === EVENT_ID.ALIAS);
  if (alias === undefined) return undefined;
  const limit = Math.max(EXPANSION, text.length);
  const pending: { value: unknown; depth: number }[] = [{ value: document, depth: 0 }];
  let visits = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next.value !== "object" || next.value === null) continue;
    const depth = next.depth + 1;
    const values = Object.values(next.value);
    visits += values.length;
    if (visits > limit || depth > MAX_DEPTH) {
      const message = `aliases (\`*name\`) expand to too much: more than ${limit} values or ${MAX_DEPTH} levels. Write the values out, or use segments`;
      return { path: "", message, ...positionAt(text, startOf(alias) ?? 0) };
    }
    for (const value of values) if (typeof value === "object") pending.push({ value, depth });
  }
  return undefined;
}

function findDuplicateKeys(text: string, events: readonly Event[]): TextProblem[] {
  const duplicates: TextProblem[] = [];
  const lines = new LineTable(text);
  const closes = closingIndices(events);
  const visit = (at: number, place: (string | number)[]): void => {
    const seen = new Map<string, number>();
    for (const { key, start, value } of entriesAt(text, events, at, closes)) {
      const path = [...place, key];
      if (typeof key === "string" && key !== "<<") {
        const first = seen.get(key);
        if (first === undefined) seen.set(key, start);
        else duplicates.push(duplicateKey(lines, key, pointerOf(path), start, first));
      }
      if (isCollection(events[value])) visit(value, path);
    }
  };
  visit(1, []);
  return duplicates;
}

/** Offset of what a path leads to, as far as it exists: of the key for an entry of a mapping. */
export function findInYaml(
  text: string,
  tokens: readonly string[],
  events: readonly Event[],
): number | undefined {
  let at = 1;
  let found = startFrom(events, at);
  for (const token of tokens) {
    let next: YamlEntry | undefined;
    for (const entry of entriesAt(text, events, at)) {
      if (String(entry.key) === token) next = entry;
    }
    if (next === undefined) break;
    found = next.start;
    at = next.value;
  }
  return found;
}

/** The outline of a text, from its events. `at` is the index of a collection's event. */
export function outlineYaml(text: string, events: readonly Event[]): Outline {
  const closes = closingIndices(events);
  const endOf = (at: number) => startFrom(events, (closes[at] ?? at) + 1) ?? text.length;
  const outline = (at: number): Outline => {
    const keys: string[] | undefined = events[at]?.type === EVENT_ID.MAPPING ? [] : undefined;
    const starts: number[] = [];
    const inner = new Map<number, Outline>();
    for (const { key, start, value } of entriesAt(text, events, at, closes)) {
      if (isCollection(events[value]) && endOf(value) - start > OUTLINED) {
        inner.set(starts.length, outline(value));
      }
      keys?.push(String(key));
      starts.push(start);
    }
    return { ...(keys === undefined ? {} : { keys }), starts, end: endOf(at), inner };
  };
  return outline(1);
}

interface YamlEntry {
  readonly key: string | number;
  /** Offset of the key, or of the element. */
  readonly start: number;
  /** Index of the value's first event. */
  readonly value: number;
}

/** The entries of the mapping or sequence whose event is at an index; none for anything else. */
function* entriesAt(
  text: string,
  events: readonly Event[],
  at: number,
  closes?: Int32Array,
): Generator<YamlEntry, void, void> {
  const opening = events[at];
  if (!isCollection(opening)) return;
  const skip = (index: number) =>
    closes === undefined ? closingIndex(events, index) + 1 : (closes[index] ?? index) + 1;
  let next = at + 1;
  for (let index = 0; ; index++) {
    const event = events[next];
    if (event === undefined || event.type === EVENT_ID.POP) return;
    const start = startFrom(events, next) ?? text.length;
    if (opening.type === EVENT_ID.SEQUENCE) {
      yield { key: index, start, value: next };
      next = skip(next);
    } else {
      const value = skip(next);
      yield {
        key: event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : "",
        start,
        value,
      };
      next = skip(value);
    }
  }
}

function isCollection(event: Event | undefined): event is Event & { start: number } {
  return event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE;
}

/** Index of the event that ends the node which starts at an index. */
function closingIndex(events: readonly Event[], at: number): number {
  let depth = 0;
  for (let index = at; index < events.length; index++) {
    const event = events[index];
    if (event?.type === EVENT_ID.POP) depth--;
    else if (isCollection(event)) depth++;
    if (depth <= 0) return index;
  }
  return events.length;
}

/** {@link closingIndex} of every node at once. */
function closingIndices(events: readonly Event[]): Int32Array {
  const closes = new Int32Array(events.length);
  const open: number[] = [];
  for (const [index, event] of events.entries()) {
    closes[index] = index;
    if (event.type === EVENT_ID.POP) closes[open.pop() ?? 0] = index;
    else if (isCollection(event) || event.type === EVENT_ID.DOCUMENT) open.push(index);
  }
  return closes;
}

/** Offset of the first node at or after an index that has one: a missing value has none. */
function startFrom(events: readonly Event[], at: number): number | undefined {
  for (let index = at; index < events.length; index++) {
    const event = events[index];
    const start = event === undefined ? undefined : startOf(event);
    if (start !== undefined) return start;
  }
  return undefined;
}

/** Offset of a node with its anchor, tag and opening quote. */
function startOf(event: Event): number | undefined {
  if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) return undefined;
  const offsets = [event.anchorStart < 0 ? -1 : event.anchorStart - 1];
  if (event.type === EVENT_ID.SCALAR) {
    const quoted =
      event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
    offsets.push(event.tagStart, quoted ? event.valueStart - 1 : event.valueStart);
  } else if (event.type !== EVENT_ID.ALIAS) offsets.push(event.tagStart, event.start);
  const known = offsets.filter((offset) => offset >= 0);
  return known.length === 0 ? undefined : Math.min(...known);
}
