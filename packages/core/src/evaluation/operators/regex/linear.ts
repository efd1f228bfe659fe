import { areDisjoint, type CodePoints, union } from "./code-points.ts";
import type { RegexNode, Repeat } from "./node.ts";

/**
 * The most steps that a backtracking engine certainly needs for each character of a subject (and
 * once more at its end) to test the pattern. Undefined when it may be more than a few hundred, or
 * grow with the subject, and always when in doubt.
 *
 * Repeats without an upper bound are the danger, because a search tries them from every position
 * and gives up their matches one by one. Two kinds are harmless, both of single characters:
 * 1. Nothing behind it can fail. The first time that it is reached, the search is over.
 * 2. It can be reached from the start of the text only, and where it could stop early, what is
 *    behind it fails at once, since that begins with a character that the repeat would have taken.
 * Neither holds inside a group that repeats. What is bounded is counted.
 */
export function stepsPerCharacter(node: RegexNode): number | undefined {
  return cost(node, { follow: END, anchored: false, repeated: false })?.steps;
}

/** Times the longest subject of 4,096 characters: about a million steps at worst. */
const MOST_STEPS = 256;

/** The work that a node is for a backtracking engine, repeats without bound aside. */
interface Cost {
  /** Single characters and assertions tested, at most, in all ways of matching. */
  readonly steps: number;
  /** In how many ways it can match at one position such that what follows gets beyond its start. */
  readonly ways: number;
}

interface Place {
  readonly follow: Follow;
  /** It is reached only by way of `^`. */
  readonly anchored: boolean;
  /** It is in a group that repeats. */
  readonly repeated: boolean;
}

/** What is known of all that comes behind a place. */
interface Follow {
  /** The characters that it can start with. */
  readonly first: CodePoints;
  /** It matches wherever it stands. */
  readonly sure: boolean;
  /** It may match without a character, depending on where it stands. */
  readonly open: boolean;
  /** Steps, at most, until it has failed at its first character. */
  readonly reach: number;
}

const END: Follow = { first: [], sure: true, open: false, reach: 0 };

function before(node: RegexNode, follow: Follow): Follow {
  switch (node.kind) {
    case "set":
      return { first: node.set, sure: false, open: false, reach: 1 };
    case "assertion":
      // At the end of the text there is no next character, so no repeat could have taken one.
      if (node.holds === "end") return { first: [], sure: false, open: false, reach: 1 };
      return {
        first: follow.first,
        sure: false,
        open: follow.open || follow.sure,
        reach: follow.reach + 1,
      };
    case "sequence":
      return node.items.reduceRight((behind, item) => before(item, behind), follow);
    case "alternatives":
      return either(node.options.map((option) => before(option, follow)));
    case "repeat":
      if (node.max === 0) return follow;
      if (node.min > 0) return before(node.item, follow);
      return either([before(node.item, follow), follow]);
  }
}

function either(options: readonly Follow[]): Follow {
  return {
    first: union(...options.map((option) => option.first)),
    sure: options.some((option) => option.sure),
    open: options.some((option) => option.open),
    reach: options.reduce((sum, option) => sum + option.reach, 0),
  };
}

function canBeEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "assertion":
      return true;
    case "sequence":
      return node.items.every(canBeEmpty);
    case "alternatives":
      return node.options.some(canBeEmpty);
    case "repeat":
      return node.min === 0 || canBeEmpty(node.item);
  }
}

/** Whether it matches at the start of the text only. */
function isAnchor(node: RegexNode): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "assertion":
      return node.holds === "start";
    case "sequence":
      return node.items.some(isAnchor);
    case "alternatives":
      return node.options.every(isAnchor);
    case "repeat":
      return node.min > 0 && isAnchor(node.item);
  }
}

/** Undefined when it is too much, or may grow faster than the subject. */
function cost(node: RegexNode, place: Place): Cost | undefined {
  switch (node.kind) {
    case "set":
    case "assertion":
      return { steps: 1, ways: 1 };
    case "sequence":
      return sequenceCost(node.items, place);
    case "alternatives":
      return alternativesCost(node.options, place);
    case "repeat":
      return node.item.kind === "set"
        ? characterRepeatCost(node, node.item.set, place)
        : groupRepeatCost(node, place);
  }
}

function sequenceCost(items: readonly RegexNode[], place: Place): Cost | undefined {
  const follows: Follow[] = [];
  let follow = place.follow;
  for (const item of items.toReversed()) {
    follows.push(follow);
    follow = before(item, follow);
  }
  let { anchored } = place;
  let steps = 0;
  let ways = 1;
  for (const item of items) {
    const own = cost(item, { ...place, anchored, follow: follows.pop() ?? END });
    if (own === undefined) return undefined;
    steps += ways * own.steps;
    ways *= own.ways;
    if (steps > MOST_STEPS) return undefined;
    anchored ||= isAnchor(item);
  }
  return { steps, ways };
}

function alternativesCost(options: readonly RegexNode[], place: Place): Cost | undefined {
  let steps = 0;
  let ways = 0;
  for (const option of options) {
    const own = cost(option, place);
    if (own === undefined) return undefined;
    steps += own.steps;
    ways += own.ways;
    if (steps > MOST_STEPS) return undefined;
  }
  return { steps, ways };
}

function characterRepeatCost(
  { min, max }: Repeat,
  set: CodePoints,
  { follow, anchored, repeated }: Place,
): Cost | undefined {
  const decided = isDecided(set, follow);
  if (max === Number.POSITIVE_INFINITY) {
    const harmless = !repeated && (follow.sure || (anchored && decided));
    return harmless ? limited(min + 1 + follow.reach, 1) : undefined;
  }
  return decided ? limited(max + (max - min) * follow.reach, 1) : limited(max, max - min + 1);
}

function groupRepeatCost({ item, min, max }: Repeat, place: Place): Cost | undefined {
  const { follow } = place;
  const again = max > 1;
  const empty = canBeEmpty(item);
  if (max === Number.POSITIVE_INFINITY || (again && empty)) return undefined;
  const start = before(item, END);
  const own = cost(item, again ? inRepeat(place, start) : place);
  if (own === undefined) return undefined;
  let steps = 0;
  let ends = 0;
  let ways = 1;
  for (let times = 0; times <= max; times++) {
    if (times >= min) {
      ends += ways;
      steps += ways * follow.reach;
    }
    if (times === max) break;
    steps += ways * own.steps;
    ways *= own.ways;
    if (steps > MOST_STEPS) return undefined;
  }
  return limited(steps, !empty && isDecided(start.first, follow) ? ways : ends);
}

/** What comes behind is one more time, or the rest: which depends on how often it was already. */
function inRepeat(place: Place, start: Follow): Place {
  const { follow } = place;
  return {
    ...place,
    repeated: true,
    follow: {
      first: union(start.first, follow.first),
      sure: false,
      open: follow.open || follow.sure,
      reach: start.reach + follow.reach,
    },
  };
}

/** Whether the next character alone says if a repeat goes on or ends, or ending cannot fail. */
function isDecided(first: CodePoints, follow: Follow): boolean {
  return follow.sure || (!follow.open && areDisjoint(first, follow.first));
}

function limited(steps: number, ways: number): Cost | undefined {
  return steps > MOST_STEPS ? undefined : { steps, ways };
}
