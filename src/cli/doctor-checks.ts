// What doctor looks at: one check for each thing that mixedae needs or can use.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { type EngineDefinition, engineDefinitions } from "../engine/index.js";
import { countCores, measureMemory } from "../engine/machine.js";
import { formatBytes } from "../terminal/quantities.js";

export interface Finding {
  readonly name: string;
  /** missing: mixedae cannot work; absent: something that is not needed for the main job. */
  readonly state: "ok" | "missing" | "absent";
  readonly found: string;
  /** What the missing piece would enable, and how to get it. */
  readonly remedy?: string;
}

const execute = promisify(execFile);
const leastNode = [20, 19] as const;

/** All checks in the order in which they are printed. */
export async function examineMachine(): Promise<Finding[]> {
  const torch = checkTorch();
  const [cpu, ...others] = await Promise.all(engineDefinitions().map(checkEngine));
  return [
    checkNode(process.versions.node),
    cpu!,
    checkThreads(),
    checkMemory(),
    await checkCodecs(),
    ...others,
    await torch,
    checkSoftwareVulkan(),
  ];
}

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const recent = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  const wanted = leastNode.join(".");
  return recent
    ? { name: "Node.js", state: "ok", found: version }
    : { name: "Node.js", state: "missing", found: version, remedy: `Version ${wanted} or newer is needed` };
}

async function checkEngine({ device, check, remedy }: EngineDefinition): Promise<Finding> {
  // Nothing can be done without a processor to compute on; further devices are an offer.
  const name = device === "cpu" ? "engine" : (DEVICE_NAMES[device] ?? device);
  try {
    return { name, state: "ok", found: await check() };
  } catch (error) {
    return { name, state: device === "cpu" ? "missing" : "absent", found: causeOf(error), remedy };
  }
}

const DEVICE_NAMES: Readonly<Record<string, string>> = { webgpu: "WebGPU" };

function checkThreads(): Finding {
  const { physical, logical } = countCores();
  const cores = physical === null ? "physical cores unknown" : `${physical} physical cores`;
  return { name: "threads", state: "ok", found: `${cores}, ${logical} threads at once` };
}

function checkMemory(): Finding {
  const { totalBytes, availableBytes, limitBytes } = measureMemory();
  const limit =
    limitBytes === null ? "no lower limit" : `limited to ${formatBytes(limitBytes)} for this process (cgroup)`;
  return {
    name: "memory",
    state: "ok",
    found: `${formatBytes(totalBytes)}, ${formatBytes(availableBytes)} available, ${limit}`,
  };
}

async function checkCodecs(): Promise<Finding> {
  const name = "image codecs";
  try {
    const { default: sharp } = await import("sharp");
    const { jpeg, png, webp, gif, tiff, heif } = sharp.format;
    const codecs = Object.entries({ JPEG: jpeg, PNG: png, WebP: webp, GIF: gif, TIFF: tiff, AVIF: heif });
    const lacking = codecs.filter(([, format]) => !format?.input.file).map(([codec]) => codec);
    const present = codecs.map(([codec]) => codec).filter((codec) => !lacking.includes(codec));
    const found = `${present.join(", ")} (sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips})`;
    if (lacking.length === 0) return { name, state: "ok", found };
    return { name, state: "absent", found, remedy: `Lacks ${lacking.join(", ")}: such files would be skipped` };
  } catch (error) {
    return {
      name,
      state: "missing",
      found: causeOf(error),
      remedy: "No image can be read without sharp. Run npm ci again",
    };
  }
}

async function checkTorch(): Promise<Finding> {
  const name = "PyTorch";
  try {
    const code = "import torch; print(torch.__version__)";
    const { stdout } = await execute("/usr/bin/python3", ["-c", code], { timeout: 60_000 });
    return { name, state: "ok", found: `${stdout.trim()}; the tests compare with it` };
  } catch {
    const remedy =
      "For developers: enables the tests that compare with PyTorch. On Debian: apt-get install python3-torch";
    return { name, state: "absent", found: "/usr/bin/python3 has no torch", remedy };
  }
}

const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

function checkSoftwareVulkan(): Finding {
  const name = "software Vulkan";
  const chosen = process.env.VK_ICD_FILENAMES;
  if (chosen !== undefined && existsSync(chosen)) return { name, state: "ok", found: `VK_ICD_FILENAMES=${chosen}` };
  if (existsSync(swiftShader)) {
    return { name, state: "ok", found: `to test WebGPU without a GPU, set VK_ICD_FILENAMES=${swiftShader}` };
  }
  const remedy =
    "For developers: enables the tests of WebGPU without a GPU. On Debian: apt-get install chromium libvulkan1";
  return { name, state: "absent", found: "chromium's driver not found", remedy };
}

/** What engines and drivers say when they cannot start, the deepest cause first. */
const causes = [/Couldn't load [^\n]*/, /Failed to [^\n]*/, /\w*Error: [^\n]*/, /\S[^\n]*/];

/** The words in a failed process's output that say what went wrong. */
function causeOf(error: unknown): string {
  const text = error instanceof Error && "stderr" in error && error.stderr ? String(error.stderr) : String(error);
  const cause = causes.map((pattern) => pattern.exec(text)?.[0]).find((match) => match !== undefined) ?? text;
  return cause.length > 160 ? `${cause.slice(0, 157)}...` : cause;
}
