import { defineConfig, type ViteUserConfig } from "vitest/config";

// Tests run from the packages' sources: this condition comes first in every `exports`.
const source = "@halyard/source";

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: [source, "module", "node", "development|production"] },
  ssr: {
    resolve: {
      conditions: [source, "module", "node", "development|production"],
      externalConditions: [source],
    },
  },
  test: {
    include: ["packages/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    pool: "forks",
    testTimeout: 10_000,
    hookTimeout: 20_000,
    passWithNoTests: false,
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts"],
    },
  },
});

export default config;
