import { findDuplicateKeys, JsonSyntaxError, outlineJson } from "./json-text.ts";
import type { Layout, Outline } from "./outline.ts";
import {
  decode,
  duplicateKey,
  type Format,
  indexLines,
  LineTable,
  positionAt,
  type TextProblem,
} from "./text.ts";
import { outlineYaml, parseYaml } from "./yaml-text.ts";

/**
 * Bytes. From here on a file is parsed in a thread of its own where possible (a quarter of a
 * megabyte of YAML takes some 20 milliseconds), and gets its {@link Layout} along with it.
 */
export const LARGE = 262_144;

/** What a file says, or everything that keeps it from saying anything. */
export type Parsed =
  | { readonly document: unknown; readonly layout: Layout | undefined }
  | { readonly problems: readonly TextProblem[] };

/**
 * Parses the bytes of a file. Does not look at what the document means: the loader does that.
 * Takes about a second for 13 MB of YAML and a quarter for JSON; imports nothing but parsers,
 * for it also runs in a worker thread.
 */
export function parseBytes(bytes: Uint8Array, format: Format): Parsed {
  const decoded = decode(bytes);
  if ("problem" in decoded) return { problems: [decoded.problem] };
  const { text } = decoded;
  // An emptied file is one that is being written, or a mistake: never "no flags".
  if (text.trim() === "") return { problems: [EMPTY] };
  const parsed = format === "json" ? parseJson(text, bytes) : parseYamlText(text, bytes);
  return "document" in parsed && parsed.document === null ? { problems: [EMPTY] } : parsed;
}

const EMPTY: TextProblem = {
  path: "",
  message: "is empty; write `flags: {}` if it is to define no flags",
};

function parseYamlText(text: string, bytes: Uint8Array): Parsed {
  const parsed = parseYaml(text);
  if ("problems" in parsed) return parsed;
  const { document = null, events } = parsed;
  return { document, layout: layoutOf(text, bytes, () => outlineYaml(text, events)) };
}

function parseJson(text: string, bytes: Uint8Array): Parsed {
  let document: unknown;
  let failure: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    failure = error;
  }
  try {
    const duplicates = findDuplicateKeys(text);
    if (duplicates.length > 0) {
      const lines = new LineTable(text);
      return {
        problems: duplicates.map(({ key, path, offset, firstOffset }) =>
          duplicateKey(lines, key, path, offset, firstOffset),
        ),
      };
    }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const message = `is no valid JSON: ${error.message}`;
    return { problems: [{ path: "", message, ...positionAt(text, error.offset) }] };
  }
  if (failure !== undefined) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    return { problems: [{ path: "", message: `is no valid JSON: ${reason}` }] };
  }
  return { document, layout: layoutOf(text, bytes, () => outlineJson(text)) };
}

function layoutOf(text: string, bytes: Uint8Array, outline: () => Outline): Layout | undefined {
  return bytes.length < LARGE ? undefined : { outline: outline(), lines: indexLines(text) };
}
