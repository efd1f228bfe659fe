import type { Channel, ChannelListener } from "../shared/feed.ts";
import { jittered, withDeadline } from "../shared/waiting.ts";
import type { PostgresPool } from "./driver.ts";

/** Milliseconds between signs of life that are asked for, and that one may take. */
const HEARTBEAT = 10_000;
const PATIENCE = 5000;

interface Notification {
  readonly channel: string;
  readonly payload?: string | undefined;
}

/** Listens on a connection of its own, for as long as that is alive. */
export async function openChannel(
  pool: PostgresPool,
  channel: string,
  { changed, lost }: ChannelListener,
): Promise<Channel> {
  const client = await pool.connect();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    client.removeListener("notification", heard);
    // Not the listener of errors: the connection may break while it is closed, too.
    client.release(true);
  };
  const heard = (notification: unknown): void => {
    const { channel: from, payload } = notification as Notification;
    if (from === channel) changed(/^\d+$/.test(payload ?? "") ? Number(payload) : undefined);
  };
  const fail = (error: unknown): void => {
    if (ended) return;
    end();
    lost(error);
  };
  const late = (): Error => new Error("The connection that listens does not answer.");
  const beat = (): void => {
    timer = setTimeout(() => {
      withDeadline(client.query("SELECT 1"), PATIENCE, late).then(beat, fail);
    }, jittered(HEARTBEAT)).unref();
  };
  client.on("error", fail);
  client.on("end", () => fail(new Error("The connection that listens was closed.")));
  client.on("notification", heard);
  client.unref?.();
  try {
    await withDeadline(client.query(`LISTEN "${channel}"`), PATIENCE, late);
  } catch (error) {
    end();
    throw error;
  }
  beat();
  return { close: () => end() };
}
