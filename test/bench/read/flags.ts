/** The flags of the benchmark, in terms that every contestant translates into its own. */
export interface BenchFlag {
  readonly key: string;
  readonly enabled: boolean;
  /** Booleans have none; others are split between these, in percent. */
  readonly split?: Readonly<Record<string, number>>;
  /** In order; the first that matches serves true. */
  readonly rules: readonly BenchRule[];
  /** Serves true to this part of the users whom no rule matches; others get false. */
  readonly percentage: number;
}

export interface BenchRule {
  readonly clauses: readonly BenchClause[];
}

export type BenchClause =
  | { readonly attribute: string; readonly op: "in"; readonly values: readonly string[] }
  | {
      readonly attribute: string;
      readonly op: "matches" | "semverGreater";
      readonly value: string;
    };

const KINDS = ["off", "on", "rule", "rollout", "variants", "ten", "semver"] as const;

export type Kind = (typeof KINDS)[number];

export function benchFlags(count = 1000): BenchFlag[] {
  return Array.from({ length: count }, (_, index) => flagOf(kindOf(index), index));
}

function kindOf(index: number): Kind {
  return KINDS[index % KINDS.length] ?? "on";
}

/** The key of one flag of each kind, amid all the others. */
export const KEYS = Object.fromEntries(
  KINDS.map((kind, index) => [kind, `${kind}-${490 + index}`]),
) as Readonly<Record<Kind, string>>;

function flagOf(kind: Kind, index: number): BenchFlag {
  const plain = { key: `${kind}-${index}`, enabled: kind !== "off", rules: [], percentage: 0 };
  switch (kind) {
    case "off":
    case "on":
      return { ...plain, percentage: 100 };
    case "rule":
      return { ...plain, rules: [setRule(0)] };
    case "rollout":
      return { ...plain, percentage: 25 };
    case "variants":
      return { ...plain, split: { red: 40, green: 30, blue: 20, grey: 10 } };
    case "ten":
      return { ...plain, rules: Array.from({ length: 10 }, (_, rule) => setRule(9 - rule)) };
    case "semver":
      return { ...plain, rules: [{ clauses: [VERSION, EMAIL] }] };
  }
}

const VERSION: BenchClause = { attribute: "appVersion", op: "semverGreater", value: "2.3.0" };
const EMAIL: BenchClause = {
  attribute: "email",
  op: "matches",
  value: "^[a-z0-9.]+@acme\\.(com|example)$",
};

/** Only the rule of number 0 matches the usual user. */
function setRule(number: number): BenchRule {
  const countries = number === 0 ? ["US", "CA", "GB"] : [`A${number}`, `B${number}`, `C${number}`];
  return {
    clauses: [
      { attribute: "plan", op: "in", values: ["pro", "enterprise"] },
      { attribute: "country", op: "in", values: countries },
    ],
  };
}

export interface BenchUser {
  readonly id: string;
  readonly plan: string;
  readonly country: string;
  readonly email: string;
  readonly appVersion: string;
  readonly name: string;
  readonly ip: string;
}

export const user: BenchUser = userOf(123);

export function userOf(index: number): BenchUser {
  const first = index === 123;
  return {
    id: `user-${index}`,
    plan: first ? "enterprise" : (["free", "pro", "team"][index % 3] ?? ""),
    country: first ? "GB" : (["US", "DE", "FR", "GB", "JP"][index % 5] ?? ""),
    email: first ? "ada.lovelace@acme.example" : `user.${index}@mail.example`,
    appVersion: first ? "2.4.1" : `2.${index % 7}.${index % 11}`,
    name: `User ${index}`,
    ip: `203.0.113.${index % 256}`,
  };
}
