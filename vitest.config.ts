import { defineConfig, type ViteUserConfig } from "vitest/config";

// Tests run from the packages' sources: this condition comes first in every `exports`.
const source = "@halyard/source";

// Without `module`, which is for bundlers: Node itself can't load what some packages have there.
const conditions = [source, "node", "development|production"];

const packaging = "test/packaging.test.ts";

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: [source] } },
  test: {
    pool: "forks",
    testTimeout: 10_000,
    hookTimeout: 20_000,
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts"],
    },
    projects: [
      {
        extends: true,
        test: {
          name: "source",
          include: ["packages/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", packaging],
        },
      },
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
