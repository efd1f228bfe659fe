// A server whose file of flags is replaced, and how long its event loop stood still meanwhile.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { createFlags, fileSource, type ReloadEvent } from "@halyard/server";

const [paths = "", key = ""] = process.argv.slice(2);
let reloaded: (event: ReloadEvent) => void = () => undefined;
const instance = createFlags({
  sources: [fileSource({ paths, debounce: 50, pollInterval: 1000 })],
  hooks: { onReload: (event) => reloaded(event) },
  logger: { debug() {}, info() {}, warn: console.warn, error: console.error },
});
const delay = monitorEventLoopDelay({ resolution: 1 });
let collecting = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collecting = Math.max(collecting, duration);
}).observe({ entryTypes: ["gc"] });

const server = createServer((_request, response) => {
  const on = instance.client({ targetingKey: "user-1", country: "US", plan: "pro" }).value(key);
  const body = JSON.stringify({ on: on === true ? 1 : 0 });
  response.setHeader("content-length", body.length).end(body);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));

process.on("message", async () => {
  const next = new Promise<ReloadEvent>((resolve) => {
    reloaded = resolve;
  });
  delay.reset();
  delay.enable();
  collecting = 0;
  const start = performance.now();
  process.send?.("watching");
  const event = await next;
  const milliseconds = performance.now() - start;
  // What the reload leaves to collect is part of it.
  await new Promise((resolve) => setTimeout(resolve, 500));
  delay.disable();
  process.send?.({
    milliseconds,
    longest: delay.max / 1e6,
    collecting,
    changed: event.changed.length,
    error: event.error?.message,
  });
});
