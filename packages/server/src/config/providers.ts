import { type DefinitionSource, HalyardError } from "@halyard/core";
import type { EnvironmentConfig } from "./environment.ts";

/** A store or vendor that an environment variable can name: where its source comes from. */
interface Provider {
  /** The package to install. */
  readonly package: string;
  /** What is imported. It exports `sourceFromEnvironment(config)`. */
  readonly module: string;
}

const PROVIDERS: Readonly<Record<string, Provider>> = {
  sqlite: { package: "@halyard/stores", module: "@halyard/stores/sqlite" },
  postgres: { package: "@halyard/stores", module: "@halyard/stores/postgres" },
  redis: { package: "@halyard/stores", module: "@halyard/stores/redis" },
  launchdarkly: { package: "@halyard/vendors", module: "@halyard/vendors/launchdarkly" },
  unleash: { package: "@halyard/vendors", module: "@halyard/vendors/unleash" },
};

interface ProviderModule {
  readonly sourceFromEnvironment: (config: EnvironmentConfig) => DefinitionSource;
}

/**
 * The source of a named provider, imported when it is first read: applications that use none
 * need not install it. Reading rejects with `MISSING_PACKAGE`, which says what to install.
 */
export function providerSource(name: string, config: EnvironmentConfig): DefinitionSource {
  const { package: packageName, module } = providerOf(name);
  let loading: Promise<DefinitionSource> | undefined;
  const load = (): Promise<DefinitionSource> => {
    loading ??= importProvider(name, packageName, module).then((provider) =>
      provider.sourceFromEnvironment(config),
    );
    return loading;
  };
  return {
    name,
    read: async () => (await load()).read(),
    watch: (listener) => {
      const stop = load().then((source) => source.watch?.(listener));
      stop.catch((error: unknown) => listener.onError(error));
      return async () => (await stop.catch(() => undefined))?.();
    },
  };
}

function providerOf(name: string): Provider {
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
  if (provider !== undefined) return provider;
  throw new HalyardError("INVALID_ENVIRONMENT", `FEATURE_PROVIDER names no provider: "${name}".`);
}

async function importProvider(
  name: string,
  packageName: string,
  module: string,
): Promise<ProviderModule> {
  try {
    return (await import(module)) as ProviderModule;
  } catch (cause) {
    const message = `FEATURE_PROVIDER is "${name}", which is in a package of its own: npm install ${packageName}`;
    throw new HalyardError("MISSING_PACKAGE", message, { cause });
  }
}

/** What `database` stands for, by the scheme of `DATABASE_URL`. */
export function databaseProvider(url: string | undefined): string {
  if (url === undefined || url === "") {
    throw new HalyardError(
      "INVALID_ENVIRONMENT",
      'FEATURE_PROVIDER is "database", so DATABASE_URL must say which: postgres://…, redis://… or file:….',
    );
  }
  if (/^postgres(ql)?:/.test(url)) return "postgres";
  if (/^rediss?:/.test(url)) return "redis";
  if (/^(file|sqlite):/.test(url)) return "sqlite";
  const [scheme] = url.split(":", 1);
  throw new HalyardError(
    "INVALID_ENVIRONMENT",
    `DATABASE_URL has the scheme "${scheme}"; it must be postgres, redis, file or sqlite.`,
  );
}
