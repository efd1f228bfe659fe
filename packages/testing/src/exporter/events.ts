import type { AnalyticsEvent, AnalyticsRecord, ExposureEvent } from "@halyard/core";

/** An event as the instance would write it. */
export function exposure(index: number, more: Partial<ExposureEvent> = {}): AnalyticsRecord {
  return recordOf({
    type: "exposure",
    id: `id-${index}`,
    timestamp: new Date(Date.UTC(2027, 0, 1, 12) + index).toISOString(),
    flag_key: "beta",
    user_key: "ann",
    value: true,
    variation_idx: 1,
    reason: "STATIC",
    in_experiment: false,
    ...more,
  });
}

export function recordOf(event: AnalyticsEvent): AnalyticsRecord {
  return Object.freeze({ event: Object.freeze(event), json: JSON.stringify(event) });
}

export function exposures(from: number, to: number): readonly AnalyticsRecord[] {
  return Object.freeze(Array.from({ length: to - from }, (_, index) => exposure(from + index)));
}

/** Events that are easily broken on the way. */
export const ODD: readonly (readonly [string, AnalyticsRecord])[] = [
  ["line ends", exposure(1, { value: "a\nb\r\nc\u2028d" })],
  ["quotes and control characters", exposure(2, { value: '"\\\u0000\u001b[31m' })],
  ["letters of many alphabets", exposure(3, { value: "żółć, 日本語, 🎉, \u202e" })],
  ["half of a pair", exposure(4, { value: "\ud83c" })],
  ["names that objects have", exposure(5, { value: JSON.parse('{"__proto__":1,"toString":2}') })],
  ["a user of letters that are not ASCII", exposure(6, { user_key: "Ünïcode\n1" })],
  ["no value", exposure(7, { value: null, variation_idx: null })],
  ["many letters", exposure(8, { value: "é".repeat(20_000) })],
  [
    "what was tracked",
    recordOf({
      type: "track",
      id: "id-9",
      timestamp: "2027-01-01T12:00:00.000Z",
      event: "bought",
      user_key: "ann",
      data: { price: 5.5, list: [] },
    }),
  ],
];
