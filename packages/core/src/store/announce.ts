import type { SourceListener } from "../ports.ts";
import type { StoreNotice } from "./store.ts";

/**
 * Tells listeners of a change. What one of them throws is for its own `onError`: the write is made,
 * and the other listeners are to know of it. `name` is the store's, for the log.
 */
export function announce(
  listeners: Iterable<SourceListener>,
  name: string,
  notice: StoreNotice,
): void {
  const keys = new Set(notice.touched?.map(({ key }) => key));
  const what = keys.size === 0 ? [name] : [...keys];
  for (const listener of listeners) {
    try {
      listener.onChange(what, notice);
    } catch (error) {
      complain([listener], error);
    }
  }
}

/** Tells listeners that the store can't be read or watched now. */
export function complain(listeners: Iterable<SourceListener>, error: unknown): void {
  for (const listener of listeners) {
    try {
      listener.onError(error);
    } catch {
      // There is nobody left to tell.
    }
  }
}
