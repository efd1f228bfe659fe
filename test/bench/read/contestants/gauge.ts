import type { Contestant } from "../contestant.ts";
import { KEYS } from "../flags.ts";

/** Not a contestant but the machine: one look-up in a Map and one property, in place of a read. */
export const gauge: Contestant = {
  name: "Map.get",
  open: (written) => {
    const flags = new Map(written.map((flag) => [flag.key, flag]));
    const { on } = KEYS;
    return { on: { run: () => flags.get(on)?.enabled } };
  },
};
