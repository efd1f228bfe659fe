import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { AuditSubject } from "@halyard/core";
import type { FlagsInstance } from "../../flags-instance.ts";
import type { FeedEvent } from "../../instance/change-feed.ts";
import { type RecentEvent, RecentEvents } from "./recent-events.ts";
import type { StreamOptions } from "./stream-options.ts";

const MAX_CLIENTS = 100;
const HEARTBEAT = 15_000;
const LIFETIME = 300_000;
const MAX_BUFFER = 262_144;

/** Milliseconds that clients wait before they come back; at most as much again is added by chance. */
const RETRY = 2000;

/** Milliseconds that a client has to read what is left of a stream that is over. */
const END_DEADLINE = 5000;

/** Numbers of the streams of one API. */
export interface StreamCounts {
  /** Clients that listen now. */
  readonly open: number;
  /** Clients so far that found no place. */
  readonly refused: number;
  /** Clients so far that did not read what they were sent, and were left. */
  readonly dropped: number;
}

interface Client {
  readonly body: Readable;
  readonly kinds: ReadonlySet<AuditSubject>;
  /** On the monotonic clock, in milliseconds. */
  readonly until: number;
}

/** The streams of changes of one API: server-sent events for whoever listens. */
export class ChangeStreams {
  readonly #f: FlagsInstance;
  readonly #maxClients: number;
  readonly #heartbeat: number;
  readonly #lifetime: number;
  readonly #maxBuffer: number;
  readonly #clients = new Set<Client>();
  readonly #recent = new RecentEvents(randomBytes(6).toString("base64url"));
  readonly #counts = { refused: 0, dropped: 0 };
  #timer: NodeJS.Timeout | undefined;
  #listens = false;
  #isFull = false;

  constructor(f: FlagsInstance, options: StreamOptions = {}) {
    this.#f = f;
    this.#maxClients = options.maxClients ?? MAX_CLIENTS;
    this.#heartbeat = options.heartbeat ?? HEARTBEAT;
    this.#lifetime = options.lifetime ?? LIFETIME;
    this.#maxBuffer = options.maxBuffer ?? MAX_BUFFER;
  }

  get counts(): StreamCounts {
    return { open: this.#clients.size, ...this.#counts };
  }

  /**
   * A stream of events about these kinds of things, beginning behind the one that the client saw
   * last. `undefined` when there are too many already.
   */
  open(lastEventId: string | undefined, kinds: ReadonlySet<AuditSubject>): Readable | undefined {
    if (this.#clients.size >= this.#maxClients) {
      this.#refuse();
      return undefined;
    }
    this.#listen();
    // What its reader does not take stays in the stream's own buffer, up to this.
    const body = new Readable({ highWaterMark: this.#maxBuffer, read: () => {} });
    // Not all at once, also when all came at once: as after a start.
    const until = performance.now() + this.#lifetime * (0.9 + Math.random() / 10);
    const client: Client = { body, kinds, until };
    this.#clients.add(client);
    const interval = Math.min(this.#heartbeat, this.#lifetime);
    this.#timer ??= setInterval(() => this.#beat(), interval).unref();
    body.once("close", () => this.#leave(client));
    this.#send(client, `retry: ${Math.round(RETRY * (1 + Math.random()))}\n\n`);
    this.#sendMissed(client, lastEventId);
    return body;
  }

  #sendMissed(client: Client, lastEventId: string | undefined): void {
    const missed = lastEventId === undefined ? undefined : this.#recent.after(lastEventId);
    const text = missed?.map((event) => textOf(event, client.kinds)).join("");
    // Of more than there is room for, it would be left, come back, and be left again.
    if (text === undefined || Buffer.byteLength(text) > this.#maxBuffer / 2) {
      this.#send(client, resync(this.#recent.lastId, lastEventId === undefined ? "begin" : "gap"));
    } else this.#send(client, text);
  }

  /** From the first client on, so that those who come back can be told what they missed. */
  #listen(): void {
    if (this.#listens) return;
    this.#listens = true;
    this.#f.feed.subscribe({
      changed: (event) => this.#tell(event),
      closed: () => {
        for (const client of this.#clients) this.#dismiss(client);
      },
    });
  }

  #tell(event: FeedEvent): void {
    const recent = this.#recent.add(event);
    // Written down once for all who listen for the same: they may be many, and the event long.
    const texts = new Map<string, Buffer>();
    for (const client of this.#clients) {
      const wanted = [...client.kinds].sort().join();
      const text = texts.get(wanted) ?? Buffer.from(textOf(recent, client.kinds));
      texts.set(wanted, text);
      this.#send(client, text);
    }
  }

  #send({ body }: Client, text: string | Buffer): void {
    if (text.length === 0 || body.destroyed || body.push(text)) return;
    // It comes back with the id of what it saw last, if it is still there.
    this.#counts.dropped++;
    body.destroy();
  }

  #beat(): void {
    const now = performance.now();
    for (const client of this.#clients) {
      // Whoever it is may not be allowed to listen any more: it has to come back and be asked.
      if (now >= client.until) this.#dismiss(client);
      else this.#send(client, ":\n\n");
    }
  }

  #dismiss(client: Client): void {
    const { body } = client;
    body.push(null);
    // Nobody counts it any more: one that does not read would keep its connection for good.
    const timer = setTimeout(() => body.destroy(), END_DEADLINE).unref();
    body.once("close", () => clearTimeout(timer));
    this.#leave(client);
  }

  #leave(client: Client): void {
    this.#clients.delete(client);
    this.#isFull = false;
    if (this.#clients.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #refuse(): void {
    this.#counts.refused++;
    if (this.#isFull) return;
    this.#isFull = true;
    this.#f.log.warn(
      `There are ${this.#maxClients} clients that listen for changes, and no place for more. See \`streams.maxClients\` of managementApi.`,
    );
  }
}

/** What a client is sent of an event; nothing when it is not about what it listens for. */
function textOf({ id, version, changes }: RecentEvent, kinds: ReadonlySet<AuditSubject>): string {
  if (changes === undefined) return resync(id, "unknown");
  const wanted = changes.filter(({ what }) => kinds.has(what));
  if (wanted.length === 0) return "";
  return eventText(id, "change", { version, changes: wanted });
}

/** Tells the client to read anew what it shows. */
function resync(id: string, reason: "begin" | "gap" | "unknown"): string {
  return eventText(id, "resync", { reason });
}

function eventText(id: string, event: string, data: object): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
