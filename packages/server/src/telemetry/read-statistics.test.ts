import { expect, it } from "vitest";
import { ReadStatistics } from "./read-statistics.ts";

it("times the first read, then one in 1024 on average, at random distances", () => {
  let random = 0;
  const reads = new ReadStatistics(
    () => 0,
    () => random,
  );
  expect(reads.timeAt).toBe(1);
  reads.total = 1;
  reads.timed(1);
  expect(reads.timeAt).toBe(2);
  random = 0.5;
  reads.timed(1);
  expect(reads.timeAt).toBe(2 + 1024);
});

it("gives the mean and the 99th percentile of the last 1024 durations", () => {
  const reads = new ReadStatistics();
  expect(reads.latency).toEqual({ average: null, p99: null });
  for (let index = 0; index < 5000; index++) reads.timed(1000);
  for (let index = 1; index <= 1024; index++) reads.timed(index);
  expect(reads.latency).toEqual({ average: 512.5, p99: 1014 });
});
