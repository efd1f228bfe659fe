import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

// The tests that mutants are run against: the core's own, the conformance cases, and of the properties
// those that compare it with the reference and with its own explanations. Not the cases through the
// frameworks, whose packages import the core that was built, without the mutant.
const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: { "fast-check": fileURLToPath(new URL("few-runs.ts", import.meta.url)) },
  },
  test: {
    include: [
      "packages/core/src/**/*.test.ts",
      "test/conformance/*.test.ts",
      "test/property/{core-equals-reference,explain,sticky}.test.ts",
    ],
    exclude: ["**/node_modules/**", "test/conformance/adapters.test.ts"],
  },
});

export default config;
