import { describe, expect, it } from "vitest";
import { soak } from "./soak/soak.ts";
import { FRAMEWORKS } from "./support/server-process.ts";
import { size } from "./support/size.ts";

// Seconds, for all; `npm run soak` goes on for minutes.
const SECONDS = size(2, 30);

describe.concurrent("under load, while flags are edited, killed and restored", () => {
  it.each(FRAMEWORKS)(
    "%s answers rightly, keeps nothing, and ends by itself",
    async (framework) => {
      const report = await soak({ framework, seconds: SECONDS });
      expect(report.problems).toEqual([]);
      // It did take place.
      expect(report.requests).toBeGreaterThan(50 * SECONDS);
      expect(report.aborted).toBeGreaterThan(0);
      expect(report.reloads).toBeGreaterThan(0);
      expect(report.refusals).toBeGreaterThan(0);
    },
    (SECONDS + 120) * 1000,
  );
});
