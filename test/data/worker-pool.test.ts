// The pool: a worker that dies, throws or never starts gives an error, never a hang.

import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { LoaderError } from "#src/data/index.js";
import { WorkerPool } from "#src/data/worker-pool.js";
import { temporaryFolder, writeFiles } from "./image-files.js";

function pool(script: string, size = 1): WorkerPool<string, string, string> {
  const folder = writeFiles(temporaryFolder(), { "worker.mjs": script });
  const made = new WorkerPool<string, string, string>(pathToFileURL(`${folder}/worker.mjs`), {}, size, () => {});
  onTestFinished(() => made.close());
  return made;
}

const serve = (body: string) => `
  import { parentPort } from "node:worker_threads";
  parentPort.on("message", ({ id, task }) => { ${body} });`;

test("a worker that answers", async () => {
  const echo = pool(serve("parentPort.postMessage({ id, result: task + '!' })"), 2);
  const answers = await echo.hold(Promise.all(["a", "b", "c"].map((task) => echo.run(task))));
  expect(answers).toEqual(["a!", "b!", "c!"]);
});

test("says once that all workers are gone, however they ended", async () => {
  let ends = 0;
  const folder = writeFiles(temporaryFolder(), { "worker.mjs": serve("process.exit(3)") });
  const script = pathToFileURL(`${folder}/worker.mjs`);
  const count = () => {
    ends++;
  };
  const failed = new WorkerPool<string, string, string>(script, {}, 3, () => {}, count);
  await expect(failed.hold(failed.run("a"))).rejects.toThrow(LoaderError);
  await failed.close();
  expect(ends).toBe(1);
  await new WorkerPool<string, string, string>(script, {}, 2, () => {}, count).close();
  expect(ends).toBe(2);
});

test.each([
  ["exits", serve("process.exit(3)"), /stopped \(exit code 3\)/],
  ["throws", serve("throw new Error('out of luck')"), /stopped \(out of luck\)/],
  ["cannot be loaded", "import 'nothing-of-this-name';", /nothing-of-this-name/],
  ["runs out of memory", serve("const all = []; for (;;) all.push(new Array(1e6).fill(id))"), /memory/],
  ["answers with a failure", serve("parentPort.postMessage({ id, failure: 'sad' })"), /stopped \(sad\)/],
])("a worker that %s fails what waits and what comes later", async (name, script, message) => {
  const limited = name === "runs out of memory";
  const one = limited ? memoryLimited(script) : pool(script);
  const waiting = [one.run("a"), one.run("b")];
  for (const promise of waiting) {
    await expect(one.hold(promise)).rejects.toThrow(LoaderError);
    await expect(promise).rejects.toThrow(message);
  }
  await expect(one.run("c")).rejects.toThrow(message);
});

/** A worker that brings the end of its heap about within a small worker of its own kind, to keep the test light. */
function memoryLimited(script: string) {
  const folder = writeFiles(temporaryFolder(), { "inner.mjs": script });
  return pool(`
    import { parentPort, Worker } from "node:worker_threads";
    const inner = new Worker(${JSON.stringify(`${folder}/inner.mjs`)}, { resourceLimits: { maxOldGenerationSizeMb: 16 } });
    inner.on("error", (error) => { throw error; });
    parentPort.on("message", (message) => inner.postMessage(message));`);
}
