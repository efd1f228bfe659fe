import {
  createConsoleLogger,
  getClient,
  type IUser,
  LogLevel,
  PollingMode,
  type SettingValue,
} from "@configcat/sdk";
import { type Contestant, inTurn } from "../contestant.ts";
import { type BenchClause, type BenchFlag, type BenchUser, KEYS, user } from "../flags.ts";

/** None that exists, but of the form that the SDK asks for. */
const SDK_KEY = `${"0".repeat(22)}/${"0".repeat(22)}`;

export const configcat: Contestant = {
  name: "ConfigCat",
  open: async (flags, users) => {
    const known = flags.filter((flag) => !flag.key.startsWith("semver"));
    const settings = Object.fromEntries(known.map((flag) => [flag.key, setting(flag)]));
    const config = JSON.stringify({ p: { u: "http://127.0.0.1:9", r: 0, s: "salt" }, f: settings });
    // Overrides from a map hold values only; a cache that is filled holds rules too.
    const cached = `${Date.now()}\netag\n${config}`;
    const client = getClient(SDK_KEY, PollingMode.ManualPoll, {
      offline: true,
      logger: createConsoleLogger(LogLevel.Off),
      cache: { get: () => cached, set: () => undefined },
    });
    await client.waitForReady();
    const snapshot = client.snapshot();
    const subject = userOf(user);
    const subjects = users.map(userOf);
    const keys = known.filter(({ split }) => split === undefined).map(({ key }) => key);
    const { off, on, rule, rollout, variants, ten } = KEYS;
    const read = (key: string, fallback: SettingValue = false) => ({
      run: () => snapshot.getValue(key, fallback, subject),
    });
    return {
      off: read(off),
      on: read(on),
      rule: read(rule),
      rollout: read(rollout),
      variants: read(variants, ""),
      ten: read(ten),
      details: {
        run: () => snapshot.getValueDetails(rule, false, subject),
        plain: ({ value }: { value: unknown }) => value,
      },
      missing: read("missing"),
      another: {
        run: (index) => snapshot.getValue(inTurn(keys, index), false, inTurn(subjects, index)),
      },
    };
  },
};

function userOf({ id, email, country, plan, appVersion, name, ip }: BenchUser): IUser {
  return { identifier: id, email, country, custom: { plan, appVersion, name, ip } };
}

const BOOLEAN = 0;
const TEXT = 1;

function setting({ key, enabled, split, rules, percentage }: BenchFlag): object {
  if (split !== undefined) {
    const options = Object.entries(split).map(([name, weight]) => ({
      p: weight,
      v: { s: name },
      i: name,
    }));
    return { t: TEXT, v: { s: "red" }, i: key, p: options };
  }
  const served = (value: boolean) => ({ v: { b: value }, i: `${key}-${value}` });
  if (!enabled || percentage === 100) return { t: BOOLEAN, ...served(enabled) };
  return {
    t: BOOLEAN,
    ...served(false),
    r: rules.map(({ clauses }) => ({
      c: clauses.map((clause) => ({ u: condition(clause) })),
      s: served(true),
    })),
    ...(percentage > 0 && {
      p: [
        { p: percentage, ...served(true) },
        { p: 100 - percentage, ...served(false) },
      ],
    }),
  };
}

/** "Is one of", in clear text. */
const ONE_OF = 0;

function condition(clause: BenchClause): object {
  if (clause.op !== "in") throw new TypeError("ConfigCat has no regular expressions");
  const attribute = clause.attribute === "country" ? "Country" : clause.attribute;
  return { a: attribute, c: ONE_OF, l: clause.values };
}
