import { defineConfig } from "vitest/config";
import { softwareVulkanEnvironment } from "./test/webgpu-driver.js";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./test/count-reporter.ts"],
    // The engine's threads and the tests' own would otherwise compete for the same cores.
    maxWorkers: 2,
    // Only what hangs should run into these: tests that train take several times as long where other work keeps the
    // machine busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What a page shows may take a while as well.
    expect: { poll: { timeout: 15_000 } },
    env: softwareVulkanEnvironment(),
  },
});
