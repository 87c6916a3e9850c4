// Finds a software Vulkan driver, with which WebGPU runs on a machine that has no GPU.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Environment variables that a process needs from its start to use SwiftShader, which Debian's `chromium` package
 * brings along; none where a driver has been chosen already or the package is missing.
 */
export function softwareVulkanEnvironment(): Record<string, string> {
  if (process.platform !== "linux" || process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES) return {};
  const manifest = packageFiles("chromium-common").concat(packageFiles("chromium")).find(isSwiftShader);
  if (manifest === undefined) return {};
  const folder = dirname(manifest);
  const environment: Record<string, string> = { VK_ICD_FILENAMES: manifest };
  // The package also holds the Vulkan loader, where the system has none of its own.
  if (existsSync(join(folder, "libvulkan.so.1"))) {
    environment.LD_LIBRARY_PATH = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  }
  return environment;
}

function isSwiftShader(file: string): boolean {
  return file.endsWith("/vk_swiftshader_icd.json");
}

function packageFiles(name: string): string[] {
  try {
    return execFileSync("dpkg", ["-L", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n");
  } catch {
    return [];
  }
}
