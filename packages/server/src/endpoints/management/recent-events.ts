import type { FeedEvent } from "../../instance/change-feed.ts";

export interface RecentEvent extends FeedEvent {
  readonly id: string;
}

/** Most events that are kept, and most characters of what they name. */
const MAX_EVENTS = 1000;
const MAX_SIZE = 500_000;

/** The last events, for clients who come back. Their ids mean nothing to another process. */
export class RecentEvents {
  readonly #name: string;
  readonly #events: RecentEvent[] = [];
  #count = 0;
  #size = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Of the newest event. */
  get lastId(): string {
    return `${this.#name}-${this.#count}`;
  }

  add(event: FeedEvent): RecentEvent {
    this.#count++;
    const recent = { ...event, id: this.lastId };
    this.#events.push(recent);
    this.#size += sizeOf(recent);
    while (this.#events.length > MAX_EVENTS || this.#size > MAX_SIZE) {
      const oldest = this.#events.shift();
      if (oldest === undefined) break;
      this.#size -= sizeOf(oldest);
    }
    return recent;
  }

  /** What came after an event; `undefined` when that can't be told any more, or never could. */
  after(id: string): readonly RecentEvent[] | undefined {
    const number = id.startsWith(`${this.#name}-`) ? id.slice(this.#name.length + 1) : "";
    if (!/^(0|[1-9]\d{0,14})$/.test(number)) return undefined;
    const missed = this.#count - Number(number);
    if (missed < 0 || missed > this.#events.length) return undefined;
    return this.#events.slice(this.#events.length - missed);
  }
}

function sizeOf({ changes = [] }: FeedEvent): number {
  return changes.reduce((sum, { key, scope = "" }) => sum + key.length + scope.length + 20, 20);
}
