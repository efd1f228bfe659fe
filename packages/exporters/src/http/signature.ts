import { createHash, createHmac } from "node:crypto";
import type { AnalyticsRecord } from "@halyard/core";
import { HalyardError } from "@halyard/core";

const PREFIX = "whsec_";

/** Bytes of a secret, by Standard Webhooks. */
const LEAST = 24;
const MOST = 64;

/** Signs messages as Standard Webhooks has it; with several secrets by each, while they are rotated. */
export class Signer {
  readonly #secrets: readonly Buffer[];

  /** Throws `INVALID_OPTIONS`, without the secrets, when one is none. */
  constructor(secrets: readonly unknown[]) {
    this.#secrets = secrets.map(bytesOf);
  }

  /** Headers for a body, as the receiver has it when it is no longer compressed. */
  sign(id: string, seconds: number, body: string): Record<string, string> {
    const head = { "webhook-id": id, "webhook-timestamp": String(seconds) };
    if (this.#secrets.length === 0) return head;
    const signatures = this.#secrets.map((secret) => {
      const mac = createHmac("sha256", secret).update(`${id}.${seconds}.${body}`);
      return `v1,${mac.digest("base64")}`;
    });
    return { ...head, "webhook-signature": signatures.join(" ") };
  }
}

/** The same for the same events, however often they are sent. */
export function messageId(events: readonly AnalyticsRecord[]): string {
  const hash = createHash("sha256");
  for (const { event } of events) hash.update(event.id);
  return `msg_${hash.digest("hex").slice(0, 32)}`;
}

function bytesOf(secret: unknown): Buffer {
  const text = typeof secret === "string" ? secret : "";
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : "";
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, "base64") : undefined;
  if (bytes !== undefined && bytes.length >= LEAST && bytes.length <= MOST) return bytes;
  throw new HalyardError(
    "INVALID_OPTIONS",
    `httpExporter: each secret must be "${PREFIX}" and the base64 of ${LEAST} to ${MOST} bytes, such as \`"${PREFIX}" + randomBytes(32).toString("base64")\`.`,
  );
}
