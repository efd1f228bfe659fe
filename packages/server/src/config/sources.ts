import { existsSync } from "node:fs";
import {
  type DefinitionSource,
  databaseProvider,
  HalyardError,
  isPlainObject,
  MemoryStore,
} from "@halyard/core";
import type { Log } from "../instance/log.ts";
import type { FlagsOptions, SourceInput } from "../instance/options.ts";
import { isStore } from "../instance/source-calls.ts";
import { fileSource } from "../sources/file-source.ts";
import type { EnvironmentConfig } from "./environment.ts";
import { providerSource } from "./providers.ts";

const DEFAULT_FILE = "features.yaml";

/** The sources of an instance: those of its options, else what the environment says. */
export function resolveSources(
  { sources: inputs, store }: Pick<FlagsOptions, "sources" | "store">,
  config: EnvironmentConfig,
  log: Log,
): readonly DefinitionSource[] {
  const given = inputs?.map((input, index) => toSource(input, index, config));
  const sources = given ?? (store === undefined ? [environmentSource(config, log)] : []);
  // Files and code come first: what they define is not written to the store.
  if (store !== undefined && !sources.includes(store)) sources.push(store);
  const names = new Set<string>();
  for (const { name } of sources) {
    if (names.has(name)) {
      const message = `Two sources go by the name "${name}". Give one of them another \`name\`.`;
      throw new HalyardError("INVALID_OPTIONS", message);
    }
    names.add(name);
  }
  const stores = sources.filter(isStore);
  if (stores.length > 1) {
    const message = `Only one store can be written to, and there are ${stores.length}: ${stores.map(({ name }) => name).join(", ")}.`;
    throw new HalyardError("INVALID_OPTIONS", message);
  }
  return sources;
}

function toSource(input: SourceInput, index: number, config: EnvironmentConfig): DefinitionSource {
  if (typeof input === "string") return fileSource({ paths: input, watch: config.fileWatch });
  if (isSource(input)) return input;
  if (isPlainObject(input)) return codeSource(input, index === 0 ? "code" : `code ${index + 1}`);
  throw new HalyardError(
    "INVALID_OPTIONS",
    `sources[${index}] must be a file's path, a document such as { flags: { … } }, or a source.`,
  );
}

/** Flags in code belong to the code, as those in files to the files: they are not written to. */
function codeSource(document: unknown, name: string): DefinitionSource {
  const source = new MemoryStore(document, name);
  return { name, readSync: () => source.readSync(), read: () => source.read() };
}

function isSource(input: unknown): input is DefinitionSource {
  return typeof (input as DefinitionSource | null)?.read === "function";
}

function environmentSource(config: EnvironmentConfig, log: Log): DefinitionSource {
  const path = config.filePath ?? DEFAULT_FILE;
  const exists = existsSync(path);
  const provider = config.provider ?? (exists || config.filePath !== undefined ? "file" : "memory");
  switch (provider) {
    case "file":
      return fileSource({ paths: path, watch: config.fileWatch });
    case "memory":
      if (config.provider === undefined) {
        log.misuse(
          "NO_DEFINITIONS",
          `There is no ${DEFAULT_FILE} here and no source was given, so there are no flags. Write one, or pass { sources: […] }.`,
        );
      }
      return new MemoryStore();
    case "database":
      return providerSource(databaseProvider(config.databaseUrl), config);
    default:
      return providerSource(provider, config);
  }
}
