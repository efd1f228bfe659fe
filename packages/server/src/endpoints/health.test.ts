import { expect, it } from "vitest";
import type { Flags } from "../create-flags.ts";
import type { HttpRequest, HttpResponse } from "./endpoint.ts";
import { healthEndpoint } from "./health.ts";

const flags = {
  health: () => ({
    status: "degraded",
    provider: {
      connected: false,
      last_error: "/etc/app/features.yaml:3: /flags/secret-plan/rulez: unknown field",
      last_error_code: "INVALID_DEFINITIONS",
      last_error_at: "2026-01-01T00:00:00.000Z",
    },
    last_refresh: null,
    flags_loaded: 1,
  }),
} as Partial<Flags> as Flags;

function bodyOf(options?: { details: boolean }): string {
  const endpoint = healthEndpoint(flags, options);
  const answered = endpoint.handle({ method: "GET", path: "/" } as HttpRequest) as HttpResponse;
  expect(answered.status).toBe(200);
  return String(answered.body);
}

it("tells strangers the code of what is wrong, and no more", () => {
  expect(JSON.parse(bodyOf()).provider).toEqual({
    connected: false,
    last_error: "INVALID_DEFINITIONS",
    last_error_at: "2026-01-01T00:00:00.000Z",
  });
  expect(bodyOf()).not.toContain("secret-plan");
  expect(bodyOf({ details: true })).toContain("secret-plan");
});

it("is made of an instance", () => {
  expect(() => healthEndpoint({} as Flags)).toThrow(/takes an instance/);
  expect(() => healthEndpoint(flags, { detail: true } as never)).toThrow(/no option "detail"/);
});
