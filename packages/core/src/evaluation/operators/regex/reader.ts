/** Ends the parsing: with a `problem` if the pattern is wrong, without if the subset lacks it. */
export class Stop extends Error {
  readonly problem: string | undefined;

  constructor(problem?: string) {
    super(problem);
    this.problem = problem;
  }
}

/** A place in a pattern that moves on. */
export class Reader {
  readonly pattern: string;
  at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get ended(): boolean {
    return this.at >= this.pattern.length;
  }

  /** Whether the rest starts with `text`. */
  sees(text: string): boolean {
    return this.pattern.startsWith(text, this.at);
  }

  /** Moves past `text` if the rest starts with it. */
  skip(text: string): boolean {
    const found = this.sees(text);
    if (found) this.at += text.length;
    return found;
  }

  /** Moves past what the sticky regex matches here. */
  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at;
    const match = sticky.exec(this.pattern);
    if (match !== null) this.at = sticky.lastIndex;
    return match;
  }

  /** The next code point. Lone surrogates are not text: engines differ on what they match. */
  next(): number {
    const codePoint = this.pattern.codePointAt(this.at) ?? 0;
    if (isSurrogate(codePoint)) throw new Stop();
    this.at += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }
}

export function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}
