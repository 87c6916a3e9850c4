// mixedae doctor: what this machine has, what is missing, and what each missing piece would enable.

import { type Command, Option } from "commander";
import { engineDefinitions } from "../engine/index.js";
import type { CliContext } from "./context.js";
import { examineMachine, type Finding } from "./doctor-checks.js";
import { overwriteOption, threadsOption } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";
import { type VerifyFlags, verify } from "./verify.js";

export function addDoctor(
  program: Command,
  context: CliContext,
  version: string,
  finish: (exitCode: number) => void,
): void {
  program
    .command("doctor")
    .summary("check this machine")
    .description(
      "Checks Node.js, the engine and its devices, threads, memory, image codecs, and what only the tests need. " +
        "Exits with 1 when something is missing that training needs, or when the device to verify computes something wrong.",
    )
    .addOption(
      new Option(
        "--verify <device>",
        "compare every operation and a step of every method on this device with double precision, and time it",
      ).choices(engineDefinitions().map(({ device }) => device)),
    )
    .option("--out <file>", "with --verify: where its report goes (default: mixedae-verify-<device>.json)")
    .addOption(overwriteOption())
    .addOption(threadsOption())
    .action(async ({ verify: device, ...flags }: Partial<VerifyFlags> & Omit<VerifyFlags, "verify">) => {
      const { stdout } = context;
      stdout.write(`mixedae ${version} on ${process.platform} ${process.arch}\n`);
      if (device !== undefined) {
        finish(await verify({ ...flags, verify: device }, context, version));
        return;
      }
      if (flags.out !== undefined || flags.overwrite || flags.threads !== 0) {
        throw new UsageError("expected --out, --overwrite and --threads together with --verify; found them alone");
      }
      const findings = await examineMachine();
      for (const line of formatFindings(findings)) stdout.write(`${line}\n`);
      finish(findings.some(({ state }) => state === "missing") ? 1 : 0);
    });
}

/** A line for each finding, with its remedy below. */
export function formatFindings(findings: readonly Finding[]): string[] {
  const marks = { ok: "ok", missing: "MISSING", absent: "-" } as const;
  const width = Math.max(...findings.map(({ name }) => name.length)) + 2;
  const lines = findings.flatMap(({ name, state, found, remedy }) => [
    `  ${marks[state].padEnd(9)}${name.padEnd(width)}${found}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(11 + width)}${remedy}.`]),
  ]);
  const missing = findings.filter(({ state }) => state === "missing").map(({ name }) => name);
  return [...lines, missing.length === 0 ? "Ready to train." : `Not ready to train: ${missing.join(" and ")} missing.`];
}
