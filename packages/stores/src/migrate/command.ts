import { parseArgs } from "node:util";
import { HalyardError, type Migration, readStoreVariables, type Variables } from "@halyard/core";
import { NamedStore } from "./stores.ts";

/** Where a command writes to: what was asked for, and what is wrong. */
export interface Output {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
}

const USAGE = `Makes the tables of a Halyard store, or brings them up to date. Can be repeated, also by several at
once. Tables that are newer than this version of @halyard/stores are left alone.

Usage: halyard-migrate [options]

Options:
  --dry-run   say what would be done, and do nothing
  --print     print the SQL that makes new tables, without connecting to anything
  -h, --help  print this

Environment:
  FEATURE_PROVIDER  sqlite, postgres, redis, or database: by DATABASE_URL, as when it is not set
  DATABASE_URL      where the store is: postgres://user@host/database, file:flags.db
  REDIS_URL         where Redis is
  FEATURE_TABLE     what the names of the tables begin with; feature_flags unless said otherwise

Exit codes: 0 done, or nothing to do; 1 could not be done; 2 wrong options or environment.`;

/** Exit codes. */
const DONE = 0;
const FAILED = 1;
const MISUSED = 2;

/** The command `halyard-migrate`. Resolves with its exit code, whatever happens. */
export async function migrateCommand(
  words: readonly string[],
  variables: Variables,
  output: Output,
): Promise<number> {
  try {
    const { help, print, "dry-run": dryRun } = optionsOf(words);
    if (help) output.out(USAGE);
    else if (print) printFounding(new NamedStore(readStoreVariables(variables)), output);
    else await migrate(new NamedStore(readStoreVariables(variables)), dryRun, output);
    return DONE;
  } catch (error) {
    const { message, code } = error as HalyardError;
    output.error(`halyard-migrate: ${message}`);
    return isMisuse(code) ? MISUSED : FAILED;
  }
}

function optionsOf(words: readonly string[]) {
  const { values } = parseArgs({
    args: [...words],
    options: {
      "dry-run": { type: "boolean", default: false },
      print: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.print && values["dry-run"]) {
    throw new HalyardError("INVALID_OPTIONS", "Use --dry-run or --print, not both.");
  }
  return values;
}

function isMisuse(code: string): boolean {
  return /^(INVALID_OPTIONS|INVALID_ENVIRONMENT|ERR_PARSE_ARGS_\w+)$/.test(code);
}

async function migrate(store: NamedStore, dryRun: boolean, output: Output): Promise<void> {
  const migration = await store.migrate(dryRun);
  const { from, to, statements } = migration;
  const what =
    statements.length === 0
      ? `up to date (version ${to}), nothing to do`
      : from === 0
        ? `${dryRun ? "would be made" : "made"} (version ${to})`
        : `${dryRun ? "would be migrated" : "migrated"} from version ${from} to ${to}`;
  // What follows can be given to the database as it stands.
  output.out(`${dryRun && store.isSql ? "-- " : ""}${store.label}: ${what}.`);
  if (dryRun && statements.length > 0) output.out(scriptOf(migration, store.isSql));
}

function printFounding(store: NamedStore, output: Output): void {
  const { founding } = store;
  if (founding === undefined) {
    const message = "--print is for SQL; keys of Redis are made when the store is first used.";
    throw new HalyardError("INVALID_OPTIONS", message);
  }
  output.out(scriptOf(founding, true));
}

function scriptOf({ statements }: Migration, isSql: boolean): string {
  if (!isSql) return statements.join("\n");
  const lines = ["BEGIN", ...statements, "COMMIT"].map((statement) => `${statement};`).join("\n");
  // As the sources are indented.
  return lines.replaceAll(/^ {4}/gm, "");
}
