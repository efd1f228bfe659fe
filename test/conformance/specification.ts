/** The specification's own examples, verbatim, and its bucketing vectors. */
export interface Example {
  readonly name: string;
  readonly text: string;
  readonly section?: string;
  /** Puts an excerpt where it belongs in a document. */
  readonly wrap: (parsed: unknown) => unknown;
  /** Key, context, time, part of the details. */
  readonly cases: readonly (readonly [string, Record<string, unknown>, string, object])[];
}

const whole = (parsed: unknown): unknown => parsed;

/** Fields of a flag. */
const asFlag = (parsed: unknown): unknown => ({ flags: { f: parsed } });

const CANONICAL = `
flags:
  new-checkout:
    name: New checkout
    description: Checkout rewrite
    type: boolean            # boolean | string | integer | number | json; aliases bool, int, float, object. Inferred from variants or default; a numeral infers number, integer only when declared
    enabled: true            # absent = true in files; a create through the API must say it
    environments: [production, staging]   # absent = everywhere
    default: false           # served when nothing matches and there is no fallthrough
    off: false               # served when not enabled; absent = false for booleans, \`default\` for the other types
    variants: { "off": false, "on": true }      # or a list [{ name, value, weight? }]; booleans have off and on without saying so; weights here are a fallthrough rollout
    prerequisites: [ { flag: basic-checkout, variant: "on" } ]
    targets: [ { variant: "on", values: [user-1, user-2] } ]     # by targeting key; \`attribute:\` for another
    rules:
      - id: pro-us
        when:                # all must hold; { all: […] }, { any: […] }, { not: … }, { segment: beta } nest
          - { attribute: plan, op: in, values: [pro, enterprise] }
          - { attribute: country, op: eq, values: [US] }
        serve: "on"          # variant by name or index
        percentage: 25       # of those who match; the others go on to the next rule
      - id: split
        rollout: { by: targetingKey, salt: s1, weights: { "off": 80, "on": 20 }, experiment: true }
    fallthrough: { serve: "off" }               # or { rollout: … } or { serve: "on", percentage: 10 }
    schedule: [ { from: 2027-01-01T00:00:00Z, percentage: 10 }, { from: 2027-01-08T00:00:00Z, percentage: 50 } ]
    overridable: true        # false: only emergency and local overrides apply
    client: false            # may browsers see it; absent = false
    tags: [checkout]
    owner: team-payments
    expires: 2027-03-01
    metadata: { ticket: X-1 }
segments:
  beta: { any: [ { attribute: groups, op: contains, values: [beta_testers] }, { attribute: email, op: endsWith, values: ["@acme.example"] } ] }
`;

const NOW = "2026-06-01";

export const EXAMPLES: readonly Example[] = [
  {
    name: "the canonical form",
    text: CANONICAL,
    // It names a flag that it does not define.
    wrap: (parsed) => {
      const { flags, segments } = parsed as { flags: object; segments: object };
      return { flags: { ...flags, "basic-checkout": true }, segments };
    },
    cases: [
      [
        "new-checkout",
        { targetingKey: "user-1" },
        NOW,
        { value: true, variant: "on", cause: "TARGET_MATCH", flagMetadata: { ticket: "X-1" } },
      ],
      ["new-checkout", {}, NOW, { value: false, cause: "FALLTHROUGH", reason: "DEFAULT" }],
      [
        "new-checkout",
        { targetingKey: "user-9", plan: "free" },
        NOW,
        { cause: "RULE_MATCH", ruleId: "split", reason: "SPLIT", inExperiment: true },
      ],
    ],
  },
  {
    name: "a bare value and a group",
    text: "flags:\n  dark-mode: true\n  users: { signup: true }\n",
    wrap: whole,
    cases: [
      ["dark-mode", {}, NOW, { value: true, variant: "on", reason: "STATIC" }],
      ["users.signup", {}, NOW, { value: true }],
    ],
  },
  {
    name: "a list in a larger file",
    text: `
server: { port: 3000 }
feature_flags: [ { name: a, enabled: true, percentage: 100, description: d }, { name: b, enabled: false } ]
`,
    section: "feature_flags",
    wrap: whole,
    cases: [
      ["a", {}, NOW, { value: true }],
      ["b", {}, NOW, { value: false, reason: "DISABLED" }],
    ],
  },
  {
    name: "conditions",
    text: `
percentage: 10
conditions: { attributes: { tier: [premium, enterprise], is_verified: true, usage_count: { gte: 100 }, created_at: { lt: "2024-01-01" } }, groups: [beta_testers, internal] }
`,
    wrap: asFlag,
    cases: [
      ["f", {}, NOW, { value: false, cause: "FALLTHROUGH" }],
      ["f", { groups: ["internal"] }, NOW, { value: false, reason: "DEFAULT" }],
    ],
  },
  {
    name: "clauses and variations",
    text: `
rules: [ { clauses: [ { attribute: plan, operator: in, values: [pro], negate: true } ], variation: 1 }, { clauses: [ { attribute: key, operator: in, values: [user-1] } ], rollout: { bucketBy: key, variations: [ { variation: 0, weight: 80000 }, { variation: 1, weight: 20000 } ] } } ]
`,
    wrap: asFlag,
    cases: [
      ["f", { plan: "free" }, NOW, { value: true, ruleId: "0", reason: "TARGETING_MATCH" }],
      ["f", { targetingKey: "user-1" }, NOW, { ruleId: "1", reason: "SPLIT" }],
      ["f", {}, NOW, { value: false, reason: "DEFAULT" }],
    ],
  },
  {
    name: "prerequisites by key and variation",
    text: "flags: { f: { enabled: true, prerequisites: [ { key: basic, variation: 1 } ] }, basic: true }",
    wrap: whole,
    cases: [["f", {}, NOW, { value: true }]],
  },
];

/** Salt, unit, hash of each, mixed, bucket. */
export const BUCKETS: readonly (readonly [string, string, number, number, number, number])[] = [
  ["new-checkout", "user-123", 4135362259, 2674956871, 3554852539, 82767],
  ["new-checkout", "user-1", 4135362259, 4171401059, 1042688544, 24276],
  ["test-flag", "user-42", 1687166327, 3111312080, 3392971816, 78998],
  ["ünïcode", "пользователь-7", 2947451484, 438991233, 3442539470, 80152],
  ["new-checkout/us-half", "user-123", 3949896365, 2674956871, 2167609326, 50468],
];
