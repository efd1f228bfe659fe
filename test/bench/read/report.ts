import type { Scenario } from "./contestant.ts";
import type { ContestantName } from "./contestants/index.ts";

/** What the gauge costs on the machine that the required figures are for. */
const GAUGE_NANOSECONDS = 5.7;

/** Nanoseconds a read, at most. */
export const MUSTS: { readonly [S in Scenario]?: number } = {
  off: 20,
  on: 25,
  rule: 50,
  rollout: 60,
  variants: 60,
  ten: 200,
  semver: 200,
  another: 120,
  missing: 15,
  all: 200_000,
};

export interface Results {
  readonly titles: ReadonlyMap<ContestantName, string>;
  /** `undefined` where the product cannot express it. */
  readonly nanoseconds: (name: ContestantName, scenario: Scenario) => number | undefined;
  /** What the gauge cost here, in nanoseconds, and how far that varied, as a share of it. */
  readonly gauge: { readonly nanoseconds: number; readonly deviation: number };
}

/** What figures of this machine are multiplied by to be those of the one that is required. */
export const factorOf = ({ gauge }: Results): number => GAUGE_NANOSECONDS / gauge.nanoseconds;

/** What tells how quiet the machine was. */
export const gaugeText = ({ gauge }: Results): string =>
  `${gauge.nanoseconds.toFixed(1)} ns, ± ${(gauge.deviation * 100).toFixed(0)} %`;

const ROWS: readonly (readonly [Scenario, string])[] = [
  ["off", "off"],
  ["on", "on"],
  ["rule", "one rule of two sets"],
  ["details", "the same, with details"],
  ["rollout", "percentage"],
  ["variants", "split of four variants"],
  ["ten", "ten rules of two sets"],
  ["semver", "semver + regex"],
  ["missing", "unknown flag"],
  ["another", "another flag and user each time"],
  ["all", "all of 1,000"],
];

/** Why a figure is missing, or not quite what it seems. */
const NOTES: readonly (readonly [ContestantName, readonly Scenario[], string])[] = [
  ["ceiling", ["details"], "Gives values only."],
  ["unleash", ["details"], "Gives values only."],
  ["unleash", ["all"], "No call for all flags: a loop over their names."],
  ["growthbook", ["all"], "No call for all flags: a loop over their names."],
  [
    "openfeature",
    ["rule", "details", "rollout", "variants", "ten", "semver", "all"],
    "The SDK with its in-memory provider, which has no rules; there is no call for all flags.",
  ],
  ["openfeature", ["another"], "Without the flags that it can't express."],
  ["flagd", ["semver", "all"], "No regular expressions, so that one flag in seven is missing."],
  ["flagd", ["another"], "Without the flags that it can't express."],
  ["configcat", ["semver", "all"], "No regular expressions, so that one flag in seven is missing."],
  ["configcat", ["another"], "Without the flags that it can't express."],
];

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, index) => (index === 0 ? "---" : "--:"));
  return [line(head), line(rule), ...body.map(line)].join("\n");
}

/** One unit a row: microseconds for all flags at once. */
function figure(nanoseconds: number, scenario: Scenario): string {
  if (scenario === "all") return `${Math.round(nanoseconds / 1000).toLocaleString("en")} µs`;
  if (nanoseconds >= 100) return Math.round(nanoseconds).toLocaleString("en");
  return nanoseconds.toFixed(nanoseconds < 20 ? 1 : 0);
}

/** What the shell shows: the figures as they are and normalised, and how far from by hand. */
export function report(results: Results, names: readonly ContestantName[]): string {
  const { nanoseconds, titles } = results;
  const factor = factorOf(results);
  const others = names.filter((name) => !["halyard", "ceiling", "gauge"].includes(name));
  const title = (name: ContestantName): string => titles.get(name) ?? name;
  const rows = ROWS.map(([scenario, label]) => {
    const own = nanoseconds("halyard", scenario) ?? Number.NaN;
    const byHand = nanoseconds("ceiling", scenario);
    const must = MUSTS[scenario];
    return [
      label,
      figure(own, scenario),
      figure(own * factor, scenario),
      must === undefined ? "–" : `${own * factor < must ? "" : "MISSED "}${figure(must, scenario)}`,
      byHand === undefined ? "–" : figure(byHand, scenario),
      byHand === undefined ? "–" : `× ${(own / byHand).toFixed(2)}`,
      ...others.map((name) => {
        const took = nanoseconds(name, scenario);
        return took === undefined ? "–" : figure(took, scenario);
      }),
    ];
  });
  const head = ["ns a read", "Halyard", "normalised", "must be below", "by hand", "ratio"];
  return table([[...head, ...others.map(title)], ...rows]);
}

/** What the README shows. */
export function tables(results: Results, names: readonly ContestantName[]): string {
  const { nanoseconds, titles } = results;
  const factor = factorOf(results);
  const notes: string[] = [];
  const mark = (name: ContestantName, scenario: Scenario): string => {
    const note = NOTES.find(([of, scenarios]) => of === name && scenarios.includes(scenario))?.[2];
    if (note === undefined) return "";
    if (!notes.includes(note)) notes.push(note);
    return ` <sup>${notes.indexOf(note) + 1}</sup>`;
  };
  const shown = names.filter((name) => name !== "gauge");
  const rows = ROWS.map(([scenario, label]) => {
    const cells = shown.map((name) => {
      const took = nanoseconds(name, scenario);
      const text = took === undefined ? "–" : figure(took * factor, scenario);
      return `${name === "halyard" ? `**${text}**` : text}${mark(name, scenario)}`;
    });
    const must = MUSTS[scenario];
    return [label, ...cells, must === undefined ? "–" : figure(must, scenario)];
  });
  const head = ["ns a read", ...shown.map((name) => titles.get(name) ?? name), "must be below"];
  return [
    table([head, ...rows]),
    ...notes.map((note, index) => `<sup>${index + 1}</sup> ${note}`),
    `Median time of the processor for one read through each product's public API: warm, no hooks, 1,000 flags loaded, nothing on the network, each product in a process of its own. “hand-written” is a \`Map\` of closures over prepared sets for just these flags, with the user's key hashed once: what there is to reach. Where a product is read asynchronously, the \`await\` is in the figure. Node ${process.versions.node}; figures are converted to a machine on which one \`Map.get\` and a property cost ${GAUGE_NANOSECONDS} ns (where they were taken: ${gaugeText(results)}). \`npm run bench\` takes them again.`,
  ].join("\n\n");
}
