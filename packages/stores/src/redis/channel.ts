import type { Channel, ChannelListener } from "../shared/feed.ts";
import { jittered, withDeadline } from "../shared/waiting.ts";
import { destroy, type RedisClient } from "./driver.ts";

/** Milliseconds between signs of life that are asked for, and that one may take. */
const HEARTBEAT = 10_000;
const PATIENCE = 5000;

/** Subscribes on a connection of its own, for as long as that is alive. */
export async function openChannel(
  subscriber: RedisClient,
  channel: string,
  { changed, lost }: ChannelListener,
): Promise<Channel> {
  const heard = (message: string): void =>
    changed(/^\d+$/.test(message) ? Number(message) : undefined);
  const late = (): Error => new Error("The connection that listens does not answer.");
  let timer: NodeJS.Timeout | undefined;
  const close = (): void => {
    clearTimeout(timer);
    destroy(subscriber);
  };
  const beat = (): void => {
    timer = setTimeout(() => {
      // Of a cluster, each node has its own signs of life.
      const { ping } = subscriber as { readonly ping?: () => Promise<unknown> };
      if (ping === undefined) return;
      withDeadline(ping.call(subscriber), PATIENCE, late).then(beat, (error: unknown) => {
        close();
        lost(error);
      });
    }, jittered(HEARTBEAT)).unref();
  };
  try {
    await withDeadline(subscriber.subscribe(channel, heard), PATIENCE, late);
  } catch (error) {
    close();
    throw error;
  }
  beat();
  return { close };
}
