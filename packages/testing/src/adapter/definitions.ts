/** Flags that the suite's applications read. */
export const DEFINITIONS: Readonly<Record<string, unknown>> = {
  on: true,
  off: false,
  "other-on": true,
  "other-off": false,
  "secret-plan": false,
  disabled: { type: "boolean", enabled: false },
  text: { type: "string", default: "plain" },
  layout: {
    type: "string",
    variants: { wide: "w", narrow: "n", tall: "t" },
    fallthrough: { serve: "wide" },
    rules: [
      { id: "ben", when: [{ attribute: "userId", op: "eq", values: ["ben"] }], serve: "narrow" },
      { id: "cy", when: [{ attribute: "userId", op: "eq", values: ["cy"] }], serve: "tall" },
    ],
  },
  "for-ann": { type: "boolean", targets: [{ variant: "on", values: ["ann"] }] },
  "for-admins": {
    type: "boolean",
    rules: [{ id: "a", when: [{ attribute: "roles", op: "contains", values: ["admin"] }] }],
  },
  "for-local-ip": {
    type: "boolean",
    rules: [{ id: "ip", when: [{ attribute: "ip", op: "cidr", values: ["127.0.0.0/8"] }] }],
  },
  everybody: {
    type: "boolean",
    fallthrough: { rollout: { weights: { off: 0.001, on: 99.999 } } },
  },
};
