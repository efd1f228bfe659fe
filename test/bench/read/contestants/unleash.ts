import { EventEmitter } from "node:events";
import { type Context, Unleash, type UnleashConfig, UnleashEvents } from "unleash-client";
import { type Contestant, inTurn } from "../contestant.ts";
import { type BenchClause, type BenchFlag, type BenchUser, KEYS, user } from "../flags.ts";

type Repository = NonNullable<UnleashConfig["repository"]>;
type Feature = NonNullable<ReturnType<Repository["getToggle"]>>;
type Constraint = NonNullable<NonNullable<Feature["strategies"]>[number]["constraints"]>[number];

/** Toggles from memory, where the client's own repository would fetch them. */
class MemoryRepository extends EventEmitter implements Repository {
  readonly #features: ReadonlyMap<string, Feature>;

  constructor(features: readonly Feature[]) {
    super();
    this.#features = new Map(features.map((feature) => [feature.name, feature]));
  }

  getToggle(name: string): Feature | undefined {
    return this.#features.get(name);
  }

  getToggles(): Feature[] {
    return [...this.#features.values()];
  }

  getTogglesWithSegmentData(): [] {
    return [];
  }

  getSegment(): undefined {
    return undefined;
  }

  async start(): Promise<void> {}

  stop(): void {}
}

export const unleash: Contestant = {
  name: "Unleash",
  open: (flags, users) => {
    const repository = new MemoryRepository(flags.map(feature));
    const client = new Unleash({
      appName: "bench",
      url: "http://127.0.0.1:9/",
      disableMetrics: true,
      disableAutoStart: true,
      repository,
    });
    // Until then it answers with the callers' defaults.
    repository.emit(UnleashEvents.Ready);
    const context = contextOf(user);
    const contexts = users.map(contextOf);
    const keys = flags.map(({ key }) => key);
    const { off, on, rule, rollout, variants, ten, semver } = KEYS;
    const read = (key: string) => ({ run: () => client.isEnabled(key, context, false) });
    return {
      off: read(off),
      on: read(on),
      rule: read(rule),
      rollout: read(rollout),
      variants: {
        run: () => client.getVariant(variants, context),
        plain: ({ name }: { name: string }) => name,
      },
      ten: read(ten),
      semver: read(semver),
      missing: read("missing"),
      another: {
        run: (index) => client.isEnabled(inTurn(keys, index), inTurn(contexts, index), false),
      },
      // There is no call for all of them.
      all: {
        run: () => {
          const values: Record<string, boolean> = {};
          for (const key of keys) values[key] = client.isEnabled(key, context, false);
          return values;
        },
        plain: (all: object) => Object.keys(all).length,
      },
    };
  },
};

function contextOf({ id, ...properties }: BenchUser): Context {
  return { userId: id, properties: { ...properties } };
}

function feature({ key, enabled, split, rules, percentage }: BenchFlag): Feature {
  const strategies: NonNullable<Feature["strategies"]> = rules.map(({ clauses }) => ({
    name: "flexibleRollout",
    parameters: { rollout: "100", stickiness: "userId", groupId: key },
    constraints: clauses.map(constraint),
  }));
  if (percentage > 0 || split !== undefined) {
    const rollout = String(split === undefined ? percentage : 100);
    strategies.push({
      name: percentage === 100 ? "default" : "flexibleRollout",
      parameters: { rollout, stickiness: "userId", groupId: key },
      constraints: [],
    });
  }
  const variants = Object.entries(split ?? {}).map(([name, weight]) => ({
    name,
    weight: weight * 10,
    stickiness: "userId",
  }));
  return { name: key, enabled, strategies, ...(split && { variants }) } as Feature;
}

const OPERATORS = { in: "IN", matches: "REGEX", semverGreater: "SEMVER_GT" };

function constraint(clause: BenchClause): Constraint {
  const { attribute: contextName, op } = clause;
  const operand =
    op === "in" ? { values: [...clause.values] } : { values: [], value: clause.value };
  const operator = OPERATORS[op] as Constraint["operator"];
  return { contextName, operator, inverted: false, caseInsensitive: false, ...operand };
}
