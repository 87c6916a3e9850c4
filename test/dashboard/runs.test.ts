// What the dashboard says of runs: rows from the ends of files, states, curves that keep spikes, live changes.
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Change, Curves, Overview, RunDetail, RunRow } from "#src/dashboard/api.js";
import type { Dashboard } from "#src/dashboard/serve.js";
import { methodOf } from "#src/methods/registry.js";
import { temporaryFolder } from "../files/temporary-folder.js";
import { ask, askFor, eventLine, type MadeRun, PNG, serveFolders, stepLine, writeRun } from "./shown-runs.js";

const place = temporaryFolder();
let dashboard: Dashboard;

beforeEach(async () => {
  mkdirSync(place("runs"));
  dashboard = await serveFolders([place("runs")]);
});
afterEach(() => dashboard.close());

const rows = async () => (await askFor<Overview>(dashboard, "/api/overview")).runs;
const onlyRow = async (run: MadeRun = {}): Promise<RunRow> => {
  writeRun(place("runs/one"), run);
  return (await rows())[0]!;
};

describe("the table", () => {
  test("has a line for every run below the folders, however deep, and none for what is no run", async () => {
    writeRun(place("runs/a"));
    writeRun(place("runs/b/c/d"));
    mkdirSync(place("runs/model"));
    writeFileSync(place("runs/model/config.json"), "{}");
    expect((await rows()).map(({ name }) => name).sort()).toEqual([place("runs/a"), place("runs/b/c/d")]);
  });

  test("says method, model, progress, speed and the mean of the last losses", async () => {
    expect(await onlyRow({ method: "mixedae", lossOf: (step) => step / 60 })).toMatchObject({
      ...{ task: "pretrain", method: "mixedae", model: "nano, 32 px / 4", state: "finished" },
      ...{ step: 60, totalSteps: 100, batchSize: 16, imagesPerSecond: 100, secondsLeft: null },
      ...{ loss: expect.closeTo(30.5 / 60), began: "2026-01-02T03:04:05.000Z" },
    });
  });

  test("says how long a running run will take", async () => {
    const row = await onlyRow({ end: "none", isLocked: true });
    expect(row).toMatchObject({ state: "running", secondsLeft: expect.closeTo(40 * 0.16) });
  });

  test.each([
    [{}, "finished", "good", /^Loss fell, /],
    [{ lossOf: () => 3 }, "finished", "warning", /^Loss did not fall/],
    [{ end: "stopped" }, "stopped", "good", /^Loss fell/],
    [{ end: "failed" }, "failed", "bad", /^Failed$/],
    [{ end: "none" }, "interrupted", "warning", /^Ended without notice$/],
    [{ end: "none", isLocked: true }, "running", "good", /^Loss is falling$/],
    [{ end: "none", isLocked: true, lossOf: (step: number) => step }, "running", "warning", /^Loss is rising$/],
    [
      { end: "none", isLocked: true, lossOf: (step: number) => 4 - (step % 2) },
      "running",
      "neutral",
      /^Loss is level$/,
    ],
    [{ end: "none", isLocked: true, steps: 5 }, "running", "neutral", /^Has only begun$/],
    [{ end: "none", isLocked: true, steps: 0 }, "running", "neutral", /^Compiling the training step$/],
  ] as const)("%j: %s, %s, %s", async (run, state, level, words) => {
    const row = await onlyRow(run as MadeRun);
    expect([row.state, row.health.level]).toEqual([state, level]);
    expect(row.health.words).toMatch(words);
  });

  test("warns where the metrics do, in the method's own words", async () => {
    writeRun(place("runs/one"), { end: "none", isLocked: true, steps: 0 });
    const lines = Array.from({ length: 60 }, (_, index) =>
      stepLine(index + 1, 1).replace(/"featureSpread":[\d.]+/, '"featureSpread":0'),
    );
    writeFileSync(place("runs/one/metrics.jsonl"), `${lines.join("\n")}\n`);
    const [row] = await rows();
    expect(row!.health).toMatchObject({ level: "warning", words: "No spread" });
    expect(row!.health.more).toContain("point the same way");
  });

  test("shows runs that it cannot understand as far as it can", async () => {
    writeRun(place("runs/one"));
    writeFileSync(place("runs/one/config.json"), "not JSON");
    appendFileSync(place("runs/one/metrics.jsonl"), '{"step": 61, "loss"');
    expect((await rows())[0]).toMatchObject({ method: "unknown", step: 60, state: "finished" });
  });
});

describe("one run", () => {
  test("has its configuration, its pictures, what happened when, and what its metrics mean", async () => {
    const { id } = await onlyRow({ method: "mixedae" });
    const detail = await askFor<RunDetail>(dashboard, `/api/runs/${id}`);
    expect(detail).toMatchObject({ pictures: [50], checkpoints: [60], config: { method: "mixedae" } });
    expect(detail.marks.map(({ step, type }) => [step, type])).toEqual([
      [40, "warning"],
      [60, "finished"],
    ]);
    expect(detail.meanings).toMatchObject(methodOf({ method: "mixedae" }).metrics);
    expect(detail.meanings.gradientNorm).toBe("global norm of the gradient before clipping");
    expect(detail.levels).toContainEqual({ metric: "topkPrecision", value: 0.25, meaning: "chance" });
    // TopK keeps patches from the second block on.
    expect(detail.firstBlock).toBe(1);
    expect(detail.learnt.join()).toContain("reconstruction");
  });

  test("gives its pictures byte for byte", async () => {
    const { id } = await onlyRow();
    const { body, headers } = await ask(dashboard, `/api/runs/${id}/pictures/50`);
    expect([body.equals(PNG), headers["content-type"]]).toEqual([true, "image/png"]);
  });

  test("is gone where it is deleted or unknown", async () => {
    expect((await ask(dashboard, "/api/runs/0123456789abcdef")).status).toBe(404);
  });
});

describe("curves", () => {
  test("of a short run are its steps, with a curve for each block, time and images", async () => {
    const { id } = await onlyRow({ method: "mixedae", steps: 10 });
    const { step, seconds, batchSize, series } = await askFor<Curves>(dashboard, `/api/runs/${id}/metrics`);
    expect([step.length, step[9], batchSize]).toEqual([10, 10, 16]);
    expect(seconds[9]).toBeCloseTo(1.6);
    const blocks = series.filter(({ metric }) => metric === "topkPrecision");
    expect(blocks.map(({ block, mean }) => [block, mean[0]])).toEqual([
      [0, 0.25],
      [1, 0.3],
      [2, 0.4],
    ]);
    expect(series.find(({ metric }) => metric === "loss")).toMatchObject({ mean: expect.any(Array), low: null });
  });

  test("of a long run keep each spike, and the ends", async () => {
    const lossOf = (step: number) => (step === 777 ? 1000 : step === 778 ? -1000 : 1);
    const { id } = await onlyRow({ steps: 2000, totalSteps: 2000, lossOf });
    const { step, series } = await askFor<Curves>(dashboard, `/api/runs/${id}/metrics?points=50`);
    const loss = series.find(({ metric }) => metric === "loss")!;
    expect([step.length, step.at(-1)]).toEqual([50, 2000]);
    expect([Math.max(...(loss.high as number[])), Math.min(...(loss.low as number[]))]).toEqual([1000, -1000]);
  });

  test("of a part are finer", async () => {
    const { id } = await onlyRow({ steps: 2000, totalSteps: 2000 });
    const { step } = await askFor<Curves>(dashboard, `/api/runs/${id}/metrics?points=50&from=500&to=549`);
    expect([step.length, step[0], step.at(-1)]).toEqual([50, 500, 549]);
  });

  test("a request for more than there is, or for what is no number, is answered as one without", async () => {
    const { id } = await onlyRow({ steps: 10 });
    const { step } = await askFor<Curves>(dashboard, `/api/runs/${id}/metrics?points=1e9&from=-1&to=x`);
    expect(step).toHaveLength(10);
  });

  test("follow a file that grows, is cut and grows again as a resumed run's does", async () => {
    const { id } = await onlyRow({ steps: 10 });
    const losses = async () => {
      const { series } = await askFor<Curves>(dashboard, `/api/runs/${id}/metrics`);
      return series.find(({ metric }) => metric === "loss")!.mean;
    };
    const path = place("runs/one/metrics.jsonl");
    expect(await losses()).toHaveLength(10);
    appendFileSync(path, `${stepLine(11, 7)}\n{"step":12,`);
    expect((await losses()).slice(9)).toEqual([0.7, 7]);
    appendFileSync(path, `"loss":8}\n`);
    expect((await losses()).slice(9)).toEqual([0.7, 7, 8]);
    const kept = readFileSync(path, "utf8").split("\n").slice(0, 5);
    writeFileSync(path, `${[...kept, ...[6, 7, 8, 9, 10, 11, 12, 13].map((step) => stepLine(step, 9))].join("\n")}\n`);
    expect((await losses()).slice(4)).toEqual([0.9, 9, 9, 9, 9, 9, 9, 9, 9]);
  });

  test("of a damaged file claim no more memory than a method's", async () => {
    const { id } = await onlyRow({ steps: 1 });
    const names = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`metric${index}`, 1]));
    const lines = [
      { step: 2, ...names },
      { step: 3, list: new Array(100_000).fill(1) },
      { step: 4, loss: "text", x: [null, 2] },
    ];
    appendFileSync(place("runs/one/metrics.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const { step, series } = await askFor<Curves>(dashboard, `/api/runs/${id}/metrics`);
    expect(step).toEqual([1, 2, 3, 4]);
    expect(series.length).toBeLessThanOrEqual(400);
  });

  test("as CSV have a row for each step", async () => {
    const { id } = await onlyRow({ method: "mixedae", steps: 3 });
    const { text, headers } = await ask(dashboard, `/api/runs/${id}/metrics.csv`);
    const [head, first, ...others] = text.trimEnd().split("\n");
    expect(headers["content-type"]).toContain("text/csv");
    expect(head).toContain("step,epoch,loss,reconstruction,featureSpread,topkPrecision.0,topkPrecision.1");
    expect(first).toMatch(/^1,0,2.5,2.5,0.5,0.25,0.3,0.4,4,/);
    expect(others).toHaveLength(2);
  });
});

test("pages are told of each change, and only of changes", async () => {
  writeRun(place("runs/one"), { end: "none", isLocked: true, steps: 30 });
  writeRun(place("runs/two"));
  const changes = await listen(dashboard, 3, async (count) => {
    if (count === 1) appendFileSync(place("runs/one/metrics.jsonl"), `${stepLine(31, 0.5)}\n`);
    if (count === 2) appendFileSync(place("runs/one/events.jsonl"), `${eventLine(31, "warning", { message: "x" })}\n`);
  });
  expect(changes[0]!.runs).toHaveLength(2);
  expect(changes[1]!.runs.map(({ step }) => step)).toEqual([31]);
  expect(changes[2]!.runs).toHaveLength(1);
});

test("200 runs are listed in about a second, the curves of one of 100,000 steps in two", {
  timeout: 120_000,
}, async () => {
  const line = stepLine(1, 1, "mixedae");
  writeRun(place("runs/0"), { totalSteps: 100_000, steps: 1 });
  const long = Array.from({ length: 100_000 }, (_, index) => line.replace('"step":1,', `"step":${index + 1},`));
  writeFileSync(place("runs/0/metrics.jsonl"), `${long.join("\n")}\n`);
  for (let run = 1; run < 200; run++) writeRun(place(`runs/${run}`), { steps: 300, totalSteps: 300 });
  let began = processorTime();
  expect(await rows()).toHaveLength(200);
  const listing = processorTime() - began;
  const { id } = (await rows()).find(({ step }) => step === 100_000)!;
  began = processorTime();
  expect((await askFor<Curves>(dashboard, `/api/runs/${id}/metrics`)).step).toHaveLength(599);
  const curves = processorTime() - began;
  console.info(`listing ${listing.toFixed(0)} ms, curves ${curves.toFixed(0)} ms`);
  // Half as much again as is promised: other work may keep the machine busy.
  expect(listing).toBeLessThan(1500);
  expect(curves).toBeLessThan(3000);
});

/** Milliseconds of this process, which is server and page at once: other processes do not count. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The first changes that a page is told of; `then` is called after each. */
function listen(of: Dashboard, count: number, then: (count: number) => Promise<void>): Promise<Change[]> {
  const { hostname, port } = new URL(of.address);
  return new Promise((done, fail) => {
    const changes: Change[] = [];
    let text = "";
    const headers = { authorization: "Bearer the-token" };
    const sent = request({ hostname, port, path: "/api/live", headers }, (answer) => {
      answer.on("data", (part: Buffer) => {
        text += part.toString();
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const data = /^data: (.+)$/m.exec(text.slice(0, end));
          text = text.slice(end + 2);
          if (data === null) continue;
          changes.push(JSON.parse(data[1]!) as Change);
          then(changes.length).catch(fail);
        }
        if (changes.length >= count) {
          sent.destroy();
          done(changes);
        }
      });
    });
    sent.on("error", (error) => changes.length < count && fail(error));
    sent.end();
  });
}
