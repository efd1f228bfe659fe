/** A set of code points: first and last of each range in turn, ascending, not touching. */
export type CodePoints = readonly number[];

export const LAST_CODE_POINT = 0x10ffff;

export function union(...sets: readonly CodePoints[]): CodePoints {
  const ranges: [first: number, last: number][] = [];
  for (const set of sets) {
    for (let index = 0; index < set.length; index += 2) {
      ranges.push([set[index] as number, set[index + 1] as number]);
    }
  }
  ranges.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [first, last] of ranges) {
    const end = merged.at(-1);
    if (end !== undefined && first <= end + 1) merged[merged.length - 1] = Math.max(end, last);
    else merged.push(first, last);
  }
  return merged;
}

export function complement(set: CodePoints): CodePoints {
  const rest: number[] = [];
  let from = 0;
  for (let index = 0; index < set.length; index += 2) {
    const first = set[index] as number;
    if (first > from) rest.push(from, first - 1);
    from = (set[index + 1] as number) + 1;
  }
  if (from <= LAST_CODE_POINT) rest.push(from, LAST_CODE_POINT);
  return rest;
}

export function areDisjoint(a: CodePoints, b: CodePoints): boolean {
  let left = 0;
  let right = 0;
  while (left < a.length && right < b.length) {
    if ((a[left + 1] as number) < (b[right] as number)) left += 2;
    else if ((b[right + 1] as number) < (a[left] as number)) right += 2;
    else return false;
  }
  return true;
}

/** The classes of RE2's Perl syntax, which are ASCII; `\s` is without the vertical tab. */
export const DIGITS: CodePoints = [0x30, 0x39];
export const WORD_CHARACTERS: CodePoints = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
export const WHITE_SPACE: CodePoints = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20];
/** What `.` matches: everything but the line feed. */
export const NOT_LINE_FEED: CodePoints = complement([0x0a, 0x0a]);
