import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../readme/snippets.ts";

const folder = join(root, "packages/exporters/dashboard");

export const alerts: string = join(folder, "alerts.yaml");

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

export interface Query {
  readonly panel: string;
  readonly expression: string;
}

const { panels } = JSON.parse(readFileSync(join(folder, "grafana.json"), "utf8")) as {
  readonly panels: readonly Panel[];
};

/** Titles of the panels that show something. */
export const titles: readonly string[] = panels
  .filter(({ type }) => type !== "row")
  .map(({ title }) => title);

/** Every query of the dashboard, with what Grafana puts in for its variables. */
export const queries: readonly Query[] = panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({
    panel: title,
    expression: expr
      .replaceAll("$__rate_interval", "5s")
      .replaceAll("$__range", "1m")
      .replaceAll(/\$(job|instance)/g, ".*"),
  })),
);
