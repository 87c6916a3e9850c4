// mixedae doctor --verify: whether a device computes what it should, and how fast, on the screen and as a file.
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { EngineError, engineDefinition } from "../engine/index.js";
import { jsonText, writeAtomically } from "../files/atomic-write.js";
import { ProgressLine } from "../terminal/progress-line.js";
import type { Verification, Verified } from "../verification/index.js";
import type { CliContext } from "./context.js";
import { UsageError } from "./report-error.js";

export interface VerifyFlags {
  readonly verify: string;
  readonly threads: number;
  readonly out?: string;
  readonly overwrite: boolean;
}

/** The exit code: 1 where the device computes something wrong. Throws UsageError and EngineError. */
export async function verify(flags: VerifyFlags, { stdout, stderr }: CliContext, version: string): Promise<number> {
  const { verify: device, threads, overwrite } = flags;
  const out = flags.out ?? `mixedae-verify-${device}.json`;
  if (existsSync(out) && !overwrite) {
    throw new UsageError(`expected no file ${out}; found one. Name another with --out, or add --overwrite`);
  }
  const engine = await describeEngine(device);
  const { verifyDevice } = await import("../verification/index.js");
  const line = new ProgressLine(stderr);
  const onProgress = (done: number, total: number, what: string) => {
    if (!line.isTerminal) return;
    line.set(`verifying ${device}  ${done}/${total}  ${what}`);
    line.show();
  };
  const verification = await verifyDevice({ device, threads }, { onProgress });
  line.end();
  for (const text of verificationLines(verification)) stdout.write(`${text}\n`);
  const machine = {
    mixedae: version,
    node: process.versions.node,
    system: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model ?? "unknown",
    engine,
    date: new Date().toISOString(),
  };
  await writeAtomically(out, [Buffer.from(jsonText({ machine, ...verification }))]);
  stdout.write(`Wrote ${out}\n`);
  return verification.passed ? 0 : 1;
}

/** Tries the device in a process of its own first: a broken driver may end the process that uses it. */
async function describeEngine(device: string): Promise<string> {
  const { check, remedy } = engineDefinition(device);
  try {
    return await check();
  } catch {
    throw new EngineError(`${device} cannot be verified, since nothing can be computed on it. ${remedy}`);
  }
}

/** What was found, for people. */
export function verificationLines(verification: Verification): string[] {
  const { device, checks, productGigaflops, training, passed } = verification;
  const operations = checks.filter(({ kind }) => kind === "operation");
  const methods = checks.filter(({ kind }) => kind === "method");
  const right = operations.filter((each) => each.passed);
  const failed = operations.filter((each) => !each.passed);
  const furthest = [...right].sort((a, b) => b.deviation! - a.deviation!).slice(0, NAMED);
  const rows: (readonly [string, string])[] = [
    ["operations", `${right.length} of ${operations.length} right`],
    ...furthest.map((each) => ["", `${each.name} ${deviationText(each)}`] as const),
    ...failed.map((each) => ["", `WRONG: ${each.name} ${deviationText(each)}`] as const),
    ...methods.map((each) => [each.name, `${each.passed ? "" : "WRONG: "}${deviationText(each)}`] as const),
    [
      "products",
      productGigaflops === null
        ? "not measured"
        : `${Number(productGigaflops.toPrecision(3)).toLocaleString("en-US")} GFLOP/s`,
    ],
    ["ViT-Base/16", typeof training === "string" ? `MixedAE not timed: ${training}` : speedText(training)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    `Differences of ${device} from double precision, relative to the largest value of each result`,
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`),
    passed ? `${device} computes what it should.` : `${device} computes something WRONG: do not train on it.`,
  ];
}

/** Operations that are named although they are right: those furthest off. */
const NAMED = 3;

function deviationText({ deviation, cpuDeviation, output, error }: Verified): string {
  if (error !== undefined) return error;
  const beside = cpuDeviation === null ? "" : `, the CPU ${cpuDeviation.toExponential(1)}`;
  return `${deviation === null ? "not a number" : deviation.toExponential(1)}${beside} (${output})`;
}

function speedText({ imagesPerSecond, shareOfProducts }: Exclude<Verification["training"], string>): string {
  return `MixedAE ${imagesPerSecond.toPrecision(3)} images/s, ${Math.round(100 * shareOfProducts)}% of the products' speed`;
}
