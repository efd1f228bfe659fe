import {
  type OperatorOptions,
  operatorOptions,
  type RegexEngine,
} from "../evaluation/operators/operator.ts";
import { isPlainObject, MAX_DEPTH } from "../json.ts";
import type { DefinitionDocument } from "../ports.ts";
import type { Condition, Flag } from "./flag.ts";
import { isKey, KEY_RULE } from "./keys.ts";
import { describe, ObjectReader } from "./object-reader.ts";
import { parseCondition } from "./parse-condition.ts";
import type { ParseContext, Parsed, Reference } from "./parse-context.ts";
import {
  DEFINITION_FIELDS,
  type ParseFlagOptions,
  parseBareValue,
  parseFlag,
} from "./parse-flag.ts";
import { at, Findings, type Place } from "./problems.ts";

/** What most flags mention: one list for all of them. */
const NONE: readonly never[] = Object.freeze([]);

export interface ParsedDocument {
  readonly name: string;
  readonly flags: ReadonlyMap<string, Parsed<Flag>>;
  readonly segments: ReadonlyMap<string, Parsed<Condition>>;
  readonly aliases: ReadonlyMap<string, Reference>;
  readonly findings: Findings;
}

/** What parsing a definition gave before, by the identity of the object that was parsed. */
export type ParseCache = WeakMap<object, { key: string; parsed: Parsed<Flag> | Parsed<Condition> }>;

export interface ParseOptions {
  readonly regexEngine?: RegexEngine | undefined;
  /** Sources that hand out the same objects again do not have them parsed again. */
  readonly cache?: ParseCache | undefined;
}

const DOCUMENT_FIELDS: ReadonlySet<string> = new Set([
  "flags",
  "segments",
  "aliases",
  "feature_flags",
  "$schema",
  "version",
]);

/**
 * Parses one document, in steps: yields after each flag. Problems are in `findings`; what has
 * some is left out of the result.
 */
export function* parseDocument(
  input: DefinitionDocument,
  options: ParseOptions = {},
): Generator<void, ParsedDocument, void> {
  const parser = new DocumentParser(input, options);
  yield* parser.parse();
  return parser;
}

class DocumentParser implements ParsedDocument {
  readonly name: string;
  readonly flags = new Map<string, Parsed<Flag>>();
  readonly segments = new Map<string, Parsed<Condition>>();
  readonly aliases = new Map<string, Reference>();
  readonly findings: Findings;
  readonly #input: DefinitionDocument;
  readonly #options: ParseOptions;
  readonly #operatorOptions: OperatorOptions;
  readonly #orEqualOptions: OperatorOptions;

  constructor(input: DefinitionDocument, options: ParseOptions) {
    this.name = input.name;
    this.findings = new Findings(input.name);
    this.#input = input;
    this.#options = options;
    this.#operatorOptions = operatorOptions(options.regexEngine);
    this.#orEqualOptions = { ...this.#operatorOptions, orEqual: true };
  }

  *parse(): Generator<void, void, void> {
    const { document, section } = this.#input;
    if (section === undefined) return yield* this.#parseWhole(document, undefined);
    let part: unknown = document;
    let place: Place | undefined;
    for (const name of section.split(".")) {
      if (!isPlainObject(part) || !Object.hasOwn(part, name)) {
        this.findings.problem(place, `the section \`${section}\` is not there`);
        return;
      }
      part = part[name];
      place = at(place, name);
    }
    if (Array.isArray(part)) yield* this.#parseNamedList(part, place);
    else if (isPlainObject(part) && Object.keys(part).some((name) => DOCUMENT_FIELDS.has(name))) {
      yield* this.#parseWhole(part, place);
    } else yield* this.#parseMap(part, place);
  }

  *#parseWhole(raw: unknown, place: Place | undefined): Generator<void, void, void> {
    const reader = ObjectReader.of(raw, place, this.findings, "a document of definitions");
    if (reader === undefined) return;
    for (const name of Object.keys(reader.raw)) {
      if (DOCUMENT_FIELDS.has(name) || name.startsWith("x-")) continue;
      reader.problem(name, "unknown field of a document; flags belong under `flags`");
    }
    if (reader.has("segments")) this.#parseSegments(reader.get("segments"), reader.at("segments"));
    if (reader.has("flags")) {
      const flags = reader.get("flags");
      if (Array.isArray(flags)) yield* this.#parseNamedList(flags, reader.at("flags"));
      else yield* this.#parseMap(flags, reader.at("flags"));
    }
    if (reader.has("feature_flags")) {
      yield* this.#parseNamedList(reader.get("feature_flags"), reader.at("feature_flags"));
    }
    if (reader.has("aliases")) this.#parseAliases(reader.get("aliases"), reader.at("aliases"));
  }

  *#parseMap(raw: unknown, place: Place | undefined): Generator<void, void, void> {
    const reader = ObjectReader.of(raw, place, this.findings, "`flags`");
    if (reader === undefined) return;
    for (const name of Object.keys(reader.raw)) {
      if (reader.raw[name] === undefined) continue;
      this.#parseEntry(name.trim(), reader.raw[name], reader.at(name));
      yield;
    }
  }

  /** A definition, a bare value, or a group of booleans. */
  #parseEntry(key: string, raw: unknown, place: Place): void {
    if (!isPlainObject(raw)) {
      this.#define(key, raw, place, (context) => parseBareValue(raw, place, context));
    } else if (isDefinition(raw)) {
      this.#parseDefinition(key, raw, place);
    } else {
      this.#parseGroup(key, raw, place, 1);
    }
  }

  #parseGroup(prefix: string, raw: Record<string, unknown>, place: Place, depth: number): void {
    const names = Object.keys(raw);
    if (names.length === 0) {
      this.findings.problem(place, "is empty: neither a definition nor a group of flags");
    }
    if (depth > MAX_DEPTH) {
      this.findings.problem(place, `groups nest deeper than ${MAX_DEPTH} levels`);
      return;
    }
    for (const name of names) {
      const value = raw[name];
      const where = at(place, name);
      const key = `${prefix}${this.#input.delimiter ?? "."}${name.trim()}`;
      if (typeof value === "boolean") {
        this.#define(key, value, where, (context) => parseBareValue(value, where, context));
      } else if (isPlainObject(value) && !isDefinition(value)) {
        this.#parseGroup(key, value, where, depth + 1);
      } else {
        const what = isPlainObject(value) ? "a definition" : describe(value);
        this.findings.problem(
          where,
          `a group holds booleans and groups, not ${what}; write a definition under its whole key, "${key}"`,
        );
      }
    }
  }

  #parseDefinition(
    key: string,
    raw: Record<string, unknown>,
    place: Place,
    options?: ParseFlagOptions,
  ): void {
    this.#define(key, raw, place, (context) =>
      parseFlag(key, new ObjectReader(raw, place, this.findings), context, options),
    );
  }

  /** The list form: booleans by name, on when only named. */
  *#parseNamedList(raw: unknown, place: Place | undefined): Generator<void, void, void> {
    if (!Array.isArray(raw)) {
      this.findings.problem(place, `must be a list of flags, not ${describe(raw)}`);
      return;
    }
    for (const [index, item] of raw.entries()) {
      const where = at(place, index);
      const reader = ObjectReader.of(item, where, this.findings, "a flag in a list");
      if (reader === undefined) continue;
      const name = reader.string("name");
      if (!reader.has("name")) this.findings.problem(where, "`name` is missing");
      if (name === undefined) continue;
      const { name: _, ...definition } = reader.raw;
      const parse = (context: ParseContext): Flag | undefined => {
        const inner = new ObjectReader(definition, where, this.findings);
        const flag = parseFlag(name.trim(), inner, context, { onWhenOnlyNamed: true });
        if (flag === undefined || flag.type === "boolean") return flag;
        const message = "flags in a list are boolean; others belong under `flags`";
        return this.findings.problem(where, message);
      };
      this.#define(name.trim(), reader.raw, where, parse, reader.at("name"));
      yield;
    }
  }

  #define(
    key: string,
    raw: unknown,
    place: Place,
    parse: (context: ParseContext) => Flag | undefined,
    keyPlace = place,
  ): void {
    if (!isKey(key)) {
      this.findings.problem(keyPlace, `${describe(key)} is no key: ${KEY_RULE}`);
      return;
    }
    if (this.flags.has(key)) {
      this.findings.problem(keyPlace, `flag "${key}" is defined twice`);
      return;
    }
    this.flags.set(key, this.#cached(key, raw, place, parse));
  }

  #parseSegments(raw: unknown, place: Place): void {
    const reader = ObjectReader.of(raw, place, this.findings, "`segments`");
    if (reader === undefined) return;
    for (const name of Object.keys(reader.raw)) {
      const condition = reader.raw[name];
      if (condition === undefined) continue;
      const where = reader.at(name);
      const key = name.trim();
      if (!isKey(key)) {
        this.findings.problem(where, `${describe(key)} is no name of a segment: ${KEY_RULE}`);
      } else if (this.segments.has(key)) {
        this.findings.problem(where, `segment "${key}" is defined twice`);
      } else {
        const parse = (context: ParseContext) => parseCondition(condition, where, context);
        this.segments.set(key, this.#cached(key, condition, where, parse));
      }
    }
  }

  #parseAliases(raw: unknown, place: Place): void {
    const reader = ObjectReader.of(raw, place, this.findings, "`aliases`");
    if (reader === undefined) return;
    for (const [name, target] of Object.entries(reader.raw)) {
      const where = reader.at(name);
      const alias = name.trim();
      if (!isKey(alias)) this.findings.problem(where, `${describe(alias)} is no key: ${KEY_RULE}`);
      else if (typeof target !== "string" || !isKey(target.trim())) {
        this.findings.problem(where, `must be the key of a flag, not ${describe(target)}`);
      } else if (this.aliases.has(alias)) {
        this.findings.problem(where, `alias "${alias}" is defined twice`);
      } else this.aliases.set(alias, { name: target.trim(), place: where });
    }
  }

  #cached<T extends Flag | Condition>(
    key: string,
    raw: unknown,
    place: Place,
    parse: (context: ParseContext) => T | undefined,
  ): Parsed<T> {
    const { cache } = this.#options;
    const object = typeof raw === "object" && raw !== null ? raw : undefined;
    const known = object === undefined ? undefined : cache?.get(object);
    // The salt of a flag holds its key, so that the same object under another key is another flag.
    if (known?.key === key) return known.parsed as Parsed<T>;
    const { problems, warnings } = this.findings;
    const before = problems.length + warnings.length;
    const context: ParseContext = {
      findings: this.findings,
      operatorOptions: this.#operatorOptions,
      orEqualOptions: this.#orEqualOptions,
      segments: [],
      prerequisites: [],
    };
    const value = parse(context);
    const { segments, prerequisites } = context;
    const parsed: Parsed<T> = {
      value,
      place,
      segments: segments.length === 0 ? NONE : segments,
      prerequisites: prerequisites.length === 0 ? NONE : prerequisites,
    };
    // An index names a variant of another flag, which may change while this object does not.
    const indexed = prerequisites.some(({ variant }) => typeof variant === "number");
    if (object !== undefined && !indexed && problems.length + warnings.length === before) {
      cache?.set(object, { key, parsed: parsed as Parsed<Flag> | Parsed<Condition> });
    }
    return parsed;
  }
}

/** A definition has a field of one; any other object is a group of flags. */
export function isDefinition(raw: Record<string, unknown>): boolean {
  for (const name of Object.keys(raw)) if (DEFINITION_FIELDS.has(name)) return true;
  return false;
}
