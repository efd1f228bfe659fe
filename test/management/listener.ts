import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { vi } from "vitest";
import { PREFIX } from "./frameworks.ts";

export interface Heard {
  readonly id: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: what it is, each test says.
  readonly data: any;
}

export interface ListenOptions {
  readonly as?: string | undefined;
  readonly query?: string | undefined;
  readonly lastEventId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A client of `GET /events` that shows each part of what it is sent. */
export class Listener {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
  text = "";
  ended = false;

  constructor(sent: ClientRequest, response: IncomingMessage) {
    this.request = sent;
    this.response = response;
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      this.text += text;
    });
    response.on("error", () => {});
    response.on("close", () => {
      this.ended = true;
    });
  }

  /** Whole events so far. */
  get events(): readonly Heard[] {
    return this.text
      .split("\n\n")
      .slice(0, -1)
      .filter((block) => block.includes("event: "))
      .map((block) => {
        const fields = Object.fromEntries(
          block.split("\n").map((line) => /^(\w+): (.*)$/.exec(line)?.slice(1) ?? []),
        ) as Record<string, string>;
        return {
          id: fields.id ?? "",
          event: fields.event ?? "",
          data: JSON.parse(fields.data ?? "null"),
        };
      });
  }

  /** What was said to have changed, all events together. */
  get changes(): readonly unknown[] {
    return this.events.flatMap(({ data }) => data.changes ?? []);
  }

  /** The events, once there are so many. */
  async heard(count: number): Promise<readonly Heard[]> {
    return vi.waitFor(
      () => {
        const { events } = this;
        if (events.length < count) throw new Error(`${events.length} events: ${this.text}`);
        return events;
      },
      { timeout: 5000, interval: 2 },
    );
  }

  async end(): Promise<void> {
    await vi.waitFor(
      () => {
        if (!this.ended) throw new Error("The stream goes on.");
      },
      { timeout: 5000, interval: 2 },
    );
  }
}

/** Listens on a server's port, as the admin unless said otherwise. */
export function listen(port: number, options: ListenOptions = {}): Promise<Listener> {
  const { as = "admin", query = "", lastEventId, headers } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port,
        host: "127.0.0.1",
        path: `${PREFIX}/events${query}`,
        agent: false,
        headers: {
          "x-user": as,
          ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
          ...headers,
        },
      },
      (response) => resolve(new Listener(sent, response)),
    );
    sent.on("error", reject);
    sent.end();
  });
}
