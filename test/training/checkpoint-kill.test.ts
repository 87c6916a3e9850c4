// kill -9 at any moment leaves a run that can go on: a real process, killed while it writes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { layerFromAssignments, resolveConfig } from "#src/config/config.js";
import { RunDirectory } from "#src/training/run-directory.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();
const size = 1 << 20;

/** Goes on with the run, or starts it, and writes metrics and checkpoints until it is killed. */
const program = `
  const { RunDirectory } = await import(${JSON.stringify(new URL("../../dist/training/run-directory.js", import.meta.url))});
  const { readRunConfig } = await import(${JSON.stringify(new URL("../../dist/training/run-config.js", import.meta.url))});
  const run = await RunDirectory.open(process.argv[1], readRunConfig(process.argv[1]));
  let step = (await run.checkpoints.loadNewest()).checkpoint?.step ?? 0;
  await run.startMetrics(step);
  console.log("ready");
  const weight = new Float32Array(${size});
  for (;;) {
    step++;
    run.recordStep({ step, loss: 1 / step });
    if (step % 3 !== 0) continue;
    const tensors = [{ name: "weight", dtype: "F32", shape: [weight.length], data: weight.fill(step) }];
    await run.saveCheckpoint({ step, tensors, metadata: {} });
  }
`;

async function runAndKill(folder: string, milliseconds: number): Promise<void> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended]);
  await new Promise((done) => setTimeout(done, milliseconds));
  child.kill("SIGKILL");
  expect((await ended)[1]).toBe("SIGKILL");
}

it("leaves an intact checkpoint and the metrics up to it", { timeout: 120_000 }, async () => {
  const folder = at("run");
  const config = resolveConfig([layerFromAssignments(["source=/pictures"])]);
  (await RunDirectory.create(folder, config)).close();
  let former = 0;
  for (let turn = 0; turn < 8; turn++) {
    await runAndKill(folder, 40 + Math.random() * 160);
    const run = await RunDirectory.open(folder, config);
    const { checkpoint, refused } = await run.checkpoints.loadNewest();
    expect(refused).toEqual([]);
    const step = checkpoint?.step ?? 0;
    expect(step).toBeGreaterThanOrEqual(former);
    if (checkpoint !== null) {
      const data = checkpoint.tensors.get("weight")!.data as Float32Array;
      expect(data.length).toBe(size);
      expect(data.every((value) => value === step)).toBe(true);
    }
    // The newest two, and no trace of the one that was being written.
    expect(readdirSync(run.paths.checkpoints).length).toBeLessThanOrEqual(3);
    expect(readdirSync(run.paths.checkpoints).filter((name) => name.startsWith("."))).toEqual([]);
    await run.startMetrics(step);
    run.close();
    former = step;
  }
  expect(former).toBeGreaterThan(0);
});
