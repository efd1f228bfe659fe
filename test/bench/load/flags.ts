/** A document of flags with five rules of two clauses and a percentage each. */
export function manyFlags(count: number, salt = ""): { flags: Record<string, unknown> } {
  const flags: Record<string, unknown> = {};
  for (let index = 0; index < count; index++)
    flags[`team-${index % 50}.flag-${index}`] = flag(index, salt);
  return { flags };
}

const COUNTRIES = ["US", "CA", "GB", "DE", "FR", "ES", "IT", "NL", "SE", "JP"];
const PLANS = ["free", "pro", "team", "enterprise"];

function flag(index: number, salt: string): unknown {
  return {
    name: `Flag ${index}${salt}`,
    description: `What flag ${index} is there for`,
    type: "boolean",
    enabled: true,
    default: false,
    rules: Array.from({ length: 5 }, (_, rule) => ({
      id: `rule-${rule}`,
      when: [
        { attribute: "country", op: "in", values: [...around(COUNTRIES, index + rule, 3)] },
        { attribute: "plan", op: "in", values: [...around(PLANS, index + rule, 2)] },
      ],
      serve: "on",
      percentage: 10 + ((index + rule) % 80),
    })),
    fallthrough: { serve: "off" },
    tags: [`area-${index % 20}`],
    owner: `team-${index % 50}`,
  };
}

function around(values: readonly string[], start: number, count: number): string[] {
  return Array.from(
    { length: count },
    (_, offset) => values[(start + offset) % values.length] ?? "",
  );
}
