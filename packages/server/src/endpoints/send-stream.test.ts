import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { endInTime } from "./send-stream.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

async function overStream() {
  const destroy = vi.fn();
  const response = Object.assign(new EventEmitter(), { destroy });
  const body = new Readable({ read: () => {} });
  endInTime(body, response as unknown as ServerResponse);
  const over = new Promise((resolve) => body.once("end", resolve));
  body.push(null);
  body.resume();
  await over;
  return { destroy, response };
}

it("a client that does not take the end of a stream loses its connection", async () => {
  const { destroy } = await overStream();
  vi.advanceTimersByTime(4999);
  expect(destroy).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(destroy).toHaveBeenCalledOnce();
});

it("one that takes it leaves no timer", async () => {
  const { destroy, response } = await overStream();
  response.emit("close");
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(10_000);
  expect(destroy).not.toHaveBeenCalled();
});
