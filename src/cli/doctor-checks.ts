// What doctor looks at: one check for each thing that mixedae needs or can use.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
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
  const slow = [checkEngine(), checkWebGpu(), checkTorch()];
  return [
    checkNode(process.versions.node),
    await slow[0]!,
    checkThreads(),
    checkMemory(),
    await checkCodecs(),
    await slow[1]!,
    await slow[2]!,
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

async function checkEngine(): Promise<Finding> {
  const name = "engine";
  try {
    await probe("cpu");
    return { name, state: "ok", found: `ONNX Runtime ${packageVersion("onnxruntime-node")}; computes on the CPU` };
  } catch (error) {
    const remedy =
      "Nothing can be trained without it. Run npm ci again; supported are Linux, macOS and Windows on x64 and arm64";
    return { name, state: "missing", found: causeOf(error), remedy };
  }
}

async function checkWebGpu(): Promise<Finding> {
  const name = "WebGPU";
  try {
    await probe("webgpu");
    return { name, state: "ok", found: "the engine computes on it: --device webgpu" };
  } catch (error) {
    const remedy =
      "Enables --device webgpu. Needs a GPU and its driver: Vulkan on Linux (Debian: libvulkan1), Metal on macOS, D3D12 on Windows";
    return { name, state: "absent", found: causeOf(error), remedy };
  }
}

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

async function probe(device: "cpu" | "webgpu"): Promise<void> {
  const script = fileURLToPath(new URL("./engine-probe.js", import.meta.url));
  await execute(process.execPath, [script, device], { timeout: 60_000 });
}

function packageVersion(name: string): string {
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
  return version;
}

/** What engines and drivers say when they cannot start, the deepest cause first. */
const causes = [/Couldn't load [^\n]*/, /Failed to [^\n]*/, /\w*Error: [^\n]*/, /\S[^\n]*/];

/** The words in a failed process's output that say what went wrong. */
function causeOf(error: unknown): string {
  const text = error instanceof Error && "stderr" in error && error.stderr ? String(error.stderr) : String(error);
  const cause = causes.map((pattern) => pattern.exec(text)?.[0]).find((match) => match !== undefined) ?? text;
  return cause.length > 160 ? `${cause.slice(0, 157)}...` : cause;
}
