import { defineConfig } from "vitest/config";
import { softwareVulkanEnvironment } from "./test/webgpu-driver.js";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./test/count-reporter.ts"],
    // The engine's threads and the tests' own would otherwise compete for the same cores.
    maxWorkers: 2,
    testTimeout: 30_000,
    // Preparing a set of images or a run takes a while where other work keeps the machine busy.
    hookTimeout: 60_000,
    env: softwareVulkanEnvironment(),
  },
});
