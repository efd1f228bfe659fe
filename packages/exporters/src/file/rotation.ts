import { type FieldRules, TEXT, wholeNumber } from "@halyard/server/adapter";

/** A file of lines, and when another one is begun. */
export interface LineFileOptions {
  /** Its folder is made, if need be. One process writes to it. */
  readonly path: string;
  /** Bytes that it may have; then it becomes `path.1`, and that `path.2`. Default 100 MiB. */
  readonly maxSize?: number | undefined;
  /** How many of those are kept. Default 5. */
  readonly maxFiles?: number | undefined;
  /** Milliseconds after which it is replaced, whatever its size. Default: never. */
  readonly maxAge?: number | undefined;
}

export const LINE_FILE: FieldRules<LineFileOptions> = {
  path: TEXT,
  maxSize: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  maxFiles: wholeNumber(1, 1000),
  maxAge: wholeNumber(1000, Number.MAX_SAFE_INTEGER),
};
