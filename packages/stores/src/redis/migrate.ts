import { randomUUID } from "node:crypto";
import type { Migration } from "@halyard/core";
import { EMPTY } from "../shared/lineage.ts";
import { type RedisClient, run } from "./driver.ts";
import type { Keys } from "./keys.ts";
import { FOUND } from "./scripts.ts";

/** The layout of the keys that this code works with; the only one so far. */
const LAYOUT = 1;

/** Makes a store where there is none. Throws for one that this code can't use. */
export async function found(
  client: RedisClient,
  { meta, definitions, overrides, audit }: Keys,
  fault: (what: string) => Error,
  dryRun = false,
): Promise<Migration> {
  const id = randomUUID();
  const keys = [meta, definitions, overrides, audit];
  const [given] = await run(client, FOUND, keys, [dryRun ? "" : id]);
  const from = Number(given);
  if (from < 0) throw fault(EMPTY);
  if (from > LAYOUT) {
    throw fault(
      `has keys of layout ${from}, and this version of @halyard/stores knows them up to ${LAYOUT}: update it.`,
    );
  }
  const founding = `HSET ${meta} id ${id} version 0 audited 0 schema ${LAYOUT}`;
  return { from, to: LAYOUT, statements: from === LAYOUT ? [] : [founding] };
}
