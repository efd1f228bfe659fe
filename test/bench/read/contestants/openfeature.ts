import { type EvaluationContext, InMemoryProvider, OpenFeature } from "@openfeature/server-sdk";
import { type Contestant, inTurn } from "../contestant.ts";
import { type BenchFlag, type BenchUser, KEYS, user } from "../flags.ts";

type Configuration = ConstructorParameters<typeof InMemoryProvider>[0];

export const openfeature: Contestant = {
  name: "OpenFeature",
  open: async (flags, users) => {
    const known = flags.filter(({ rules, split, percentage }) => {
      const plain = rules.length === 0 && split === undefined;
      return plain && (percentage === 0 || percentage === 100);
    });
    const entries = known.map((flag) => [flag.key, configuration(flag)]);
    await OpenFeature.setProviderAndWait(
      new InMemoryProvider(Object.fromEntries(entries) as Configuration),
    );
    const client = OpenFeature.getClient();
    const context = contextOf(user);
    const contexts = users.map(contextOf);
    const keys = known.map(({ key }) => key);
    const { off, on } = KEYS;
    const read = (key: string) => ({
      async: true,
      run: () => client.getBooleanValue(key, false, context),
    });
    return {
      off: read(off),
      on: read(on),
      missing: read("missing"),
      another: {
        async: true,
        run: (index) => client.getBooleanValue(inTurn(keys, index), false, inTurn(contexts, index)),
      },
    };
  },
};

function contextOf({ id, ...attributes }: BenchUser): EvaluationContext {
  return { targetingKey: id, ...attributes };
}

function configuration({ enabled }: BenchFlag): object {
  // Its own word for a flag that is off is an error to the caller, hence a variant.
  return {
    variants: { on: true, off: false },
    defaultVariant: enabled ? "on" : "off",
    disabled: false,
  };
}
