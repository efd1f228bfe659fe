import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration, type ViteUserConfig } from "vitest/config";

// Without `module`, which is for bundlers: Node itself can't load what some packages have there.
const conditions = ["node", "development|production"];

// What leads to sources: it comes first in every `exports`.
const source = "@halyard/source";

const packages = fileURLToPath(new URL("packages", import.meta.url));
const packaging = "test/packaging/**/*.test.ts";

/** Takes each module of a package, however it is imported, from a folder that was built. */
function fromDist(format: "esm" | "cjs"): NonNullable<ViteUserConfig["plugins"]>[number] {
  const inSource = /^(.*[\\/]packages[\\/]\w+)[\\/]src[\\/](?!.*\.test\.ts$)(.+)\.ts$/;
  const inDist = /^(.*[\\/]packages[\\/]\w+)[\\/]dist[\\/]\w+[\\/](.+)\.js$/;
  return {
    name: "halyard:built",
    enforce: "pre",
    async resolveId(specifier, importer, options) {
      const resolved = await this.resolve(specifier, importer, { ...options, skipSelf: true });
      if (!resolved?.id.startsWith(packages)) return null;
      const [, folder, path] = inSource.exec(resolved.id) ?? inDist.exec(resolved.id) ?? [];
      if (folder === undefined) return null;
      return { id: join(folder, "dist", format, `${path}.js`), external: true };
    },
  };
}

/** The tests of packages, of what `npm run build` made; Node loads it as it will at users'. */
function built(format: "esm" | "cjs"): TestProjectConfiguration {
  return {
    extends: true,
    plugins: [fromDist(format)],
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name: `built-${format}`,
      include: ["packages/**/*.test.ts", "test/{conformance,property}/**/*.test.ts"],
      exclude: ["**/node_modules/**", "**/dist/**"],
      server: { deps: { external: [/[\\/]packages[\\/]\w+[\\/]dist[\\/]/] } },
    },
  };
}

const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    // Vitest's own choice leaves a core to itself, which is half of a machine with two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // They end what hangs, and say nothing of speed: a busy machine may be many times slower.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts"],
    },
    projects: [
      {
        extends: true,
        // Alone on the machine: beside other tests its server is starved, which is no finding.
        test: { name: "soak", include: ["test/faults/soak.test.ts"] },
      },
      {
        extends: true,
        resolve: { conditions: [source, ...conditions] },
        ssr: {
          resolve: { conditions: [source, ...conditions], externalConditions: [source] },
        },
        test: {
          name: "source",
          include: ["packages/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: ["test/faults/soak.test.ts", "**/node_modules/**", "**/dist/**", packaging],
        },
      },
      built("esm"),
      built("cjs"),
      {
        extends: true,
        // Installs the packed packages, which takes as long as everything else together.
        test: {
          name: "packaging",
          include: [packaging],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});

export default config;
