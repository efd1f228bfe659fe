import { type DefinitionSource, HalyardError, type Store } from "@halyard/core";
import type { EnvironmentConfig } from "./environment.ts";
import { lateSource, lateStore } from "./late-source.ts";

/** A store or vendor that an environment variable can name: where its source comes from. */
interface Provider {
  /** The package to install. */
  readonly package: string;
  /** What is imported. It exports `sourceFromEnvironment(config)`, or for a store the same of that. */
  readonly module: string;
  readonly isStore?: true;
}

const PROVIDERS: Readonly<Record<string, Provider>> = {
  sqlite: { package: "@halyard/stores", module: "@halyard/stores/sqlite", isStore: true },
  postgres: { package: "@halyard/stores", module: "@halyard/stores/postgres", isStore: true },
  redis: { package: "@halyard/stores", module: "@halyard/stores/redis", isStore: true },
  launchdarkly: { package: "@halyard/vendors", module: "@halyard/vendors/launchdarkly" },
  unleash: { package: "@halyard/vendors", module: "@halyard/vendors/unleash" },
};

/** What a provider's module exports: one of the two. */
interface ProviderModule {
  readonly sourceFromEnvironment: (config: EnvironmentConfig) => DefinitionSource;
  readonly storeFromEnvironment: (config: EnvironmentConfig) => Store;
}

/**
 * The source of a named provider, imported when it is first read: applications that use none
 * need not install it. Reading rejects with `MISSING_PACKAGE`, which says what to install.
 */
export function providerSource(name: string, config: EnvironmentConfig): DefinitionSource {
  const provider = providerOf(name);
  const load = async (): Promise<ProviderModule> => importProvider(name, provider);
  return provider.isStore
    ? lateStore(name, async () => (await load()).storeFromEnvironment(config))
    : lateSource(name, async () => (await load()).sourceFromEnvironment(config));
}

function providerOf(name: string): Provider {
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
  if (provider !== undefined) return provider;
  throw new HalyardError("INVALID_ENVIRONMENT", `FEATURE_PROVIDER names no provider: "${name}".`);
}

async function importProvider(name: string, provider: Provider): Promise<ProviderModule> {
  try {
    return (await import(provider.module)) as ProviderModule;
  } catch (cause) {
    const message = `FEATURE_PROVIDER is "${name}", which is in a package of its own: npm install ${provider.package}`;
    throw new HalyardError("MISSING_PACKAGE", message, { cause });
  }
}
