import {
  databaseProvider,
  HalyardError,
  type Migration,
  type Store,
  type StoreVariables,
} from "@halyard/core";
import { DIALECT as POSTGRES } from "../postgres/migrate.ts";
import { storeFromEnvironment as postgresFrom } from "../postgres.ts";
import { storeFromEnvironment as redisFrom } from "../redis.ts";
import { type Dialect, migrationFrom, tablesOf } from "../sql/schema.ts";
import { DIALECT as SQLITE } from "../sqlite/migrate.ts";
import { storeFromEnvironment as sqliteFrom } from "../sqlite.ts";

/** A store that has something to migrate. */
interface Kind {
  readonly title: string;
  /** What it is made of, for people. */
  readonly parts: string;
  readonly open: (variables: StoreVariables) => Store;
  readonly url: (variables: StoreVariables) => string | undefined;
  /** Of what speaks SQL. */
  readonly dialect?: Dialect;
}

const KINDS: Readonly<Record<"sqlite" | "postgres" | "redis", Kind>> = {
  sqlite: {
    title: "SQLite",
    parts: "tables",
    open: sqliteFrom,
    url: ({ databaseUrl }) => databaseUrl,
    dialect: SQLITE,
  },
  postgres: {
    title: "PostgreSQL",
    parts: "tables",
    open: postgresFrom,
    url: ({ databaseUrl }) => databaseUrl,
    dialect: POSTGRES,
  },
  redis: {
    title: "Redis",
    parts: "keys",
    open: redisFrom,
    url: ({ redisUrl, databaseUrl }) => redisUrl ?? databaseUrl,
  },
};

/** The store that variables name, as the server finds it. */
export class NamedStore {
  readonly #kind: Kind;
  readonly #variables: StoreVariables;

  /** Throws `INVALID_ENVIRONMENT`. */
  constructor(variables: StoreVariables) {
    this.#kind = KINDS[providerOf(variables)];
    this.#variables = variables;
  }

  /** Where it is and what its parts begin with, without what a URL keeps secret. */
  get label(): string {
    const { title, parts, url } = this.#kind;
    const place = shownPlace(url(this.#variables));
    return `${title}${place === "" ? "" : ` at ${place}`}, ${parts} ${this.prefix}`;
  }

  get prefix(): string {
    return this.#variables.table ?? "feature_flags";
  }

  /** Whether its migrations are SQL. */
  get isSql(): boolean {
    return this.#kind.dialect !== undefined;
  }

  /** What makes a new one; `undefined` for one that needs no more than being used. */
  get founding(): Migration | undefined {
    const { dialect } = this.#kind;
    if (dialect === undefined) return undefined;
    const fault = (what: string): Error => new TypeError(what);
    return migrationFrom(0, tablesOf("FEATURE_TABLE", this.prefix), dialect, fault);
  }

  async migrate(dryRun: boolean): Promise<Migration> {
    const store = this.#kind.open(this.#variables);
    try {
      return (await store.migrate?.({ dryRun })) as Migration;
    } finally {
      await store.close();
    }
  }
}

function providerOf({ provider, databaseUrl, redisUrl }: StoreVariables): keyof typeof KINDS {
  switch (provider) {
    case "sqlite":
    case "postgres":
    case "redis":
      return provider;
    case "database":
      return databaseProvider(databaseUrl);
    case undefined:
      // The application may name its store in code.
      if (databaseUrl !== undefined) return databaseProvider(databaseUrl);
      if (redisUrl !== undefined) return "redis";
      throw new HalyardError(
        "INVALID_ENVIRONMENT",
        "Nothing says where the store is: set DATABASE_URL, such as postgres://user@host/database, or REDIS_URL.",
      );
    default:
      throw new HalyardError(
        "INVALID_ENVIRONMENT",
        `FEATURE_PROVIDER is "${provider}", which has nothing to migrate; it must be sqlite, postgres, redis or database.`,
      );
  }
}

/** A URL without user, password, and parameters, which may be one, too. */
function shownPlace(url = ""): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    if (host !== "") return host + pathname.replace(/\/$/, "");
    return url.slice(protocol.length).split("?", 1)[0] ?? "";
  } catch {
    return "";
  }
}
