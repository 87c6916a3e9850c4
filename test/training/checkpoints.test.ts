// Which checkpoints a run keeps, and which one it goes on from.

import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { StorageError } from "#src/files/storage-error.js";
import type { SafetensorsEntry } from "#src/formats/safetensors.js";
import { CheckpointStore } from "#src/training/checkpoints.js";
import { CheckpointError } from "#src/training/errors.js";
import { failingFiles, type Operation } from "../files/failing-files.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();
const two = { keep: 2, milestoneEvery: 0 };

function contents(step: number) {
  const tensor: SafetensorsEntry = { name: "weight", dtype: "F32", shape: [1], data: Float32Array.of(step) };
  return { step, tensors: [tensor], metadata: {} };
}

async function storeWith(steps: readonly number[], retention = two): Promise<CheckpointStore> {
  const store = new CheckpointStore(at(), retention);
  for (const step of steps) await store.save(contents(step));
  return store;
}

const damage = (store: CheckpointStore, step: number) => {
  const path = store.pathOf(step);
  truncateSync(path, readFileSync(path).length - 1);
};

describe("CheckpointStore", () => {
  it("names files by their step and keeps the newest", async () => {
    await storeWith([10, 20, 30]);
    expect(readdirSync(at()).sort()).toEqual(["step-00000020.safetensors", "step-00000030.safetensors"]);
  });

  it("keeps milestones beside the newest", async () => {
    const store = await storeWith([10, 20, 30, 40, 50, 60], { keep: 2, milestoneEvery: 20 });
    expect(await store.steps()).toEqual([60, 50, 40, 20]);
  });

  it("loads the newest, and nothing of a run that has none", async () => {
    const store = await storeWith([10, 20]);
    const { checkpoint, refused } = await store.loadNewest();
    expect(checkpoint?.tensors.get("weight")?.data).toEqual(Float32Array.of(20));
    expect(refused).toEqual([]);
    expect(await new CheckpointStore(at("none"), two).loadNewest()).toEqual({ checkpoint: null, refused: [] });
  });

  it("offers the one before when the newest is damaged, with the reason", async () => {
    const store = await storeWith([10, 20]);
    damage(store, 20);
    const { checkpoint, refused } = await store.loadNewest();
    expect(checkpoint?.step).toBe(10);
    expect(refused).toEqual([{ path: store.pathOf(20), step: 20, reason: expect.stringContaining("cut short") }]);
  });

  it("refuses a good checkpoint under another step's name", async () => {
    const store = await storeWith([10]);
    writeFileSync(store.pathOf(20), readFileSync(store.pathOf(10)));
    expect((await store.loadNewest()).refused[0]?.reason).toBe("it is of step 10");
  });

  it("names every reason when none is intact", async () => {
    const store = await storeWith([10, 20]);
    damage(store, 10);
    writeFileSync(store.pathOf(20), "foreign");
    const error = await store.loadNewest().catch((failure) => failure);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(/none of the 2 files in it is intact: .*00000020.*00000010.*cut short/);
  });

  it("does not count a damaged one among those to keep", async () => {
    const store = await storeWith([10, 20]);
    damage(store, 20);
    await store.loadNewest();
    // Training goes on from 10 and passes 20 without writing there.
    await store.save(contents(15));
    expect(await store.steps()).toEqual([20, 15, 10]);
    await store.save(contents(25));
    expect(await store.steps()).toEqual([25, 20, 15]);
    damage(store, 25);
    expect((await store.loadNewest()).checkpoint?.step).toBe(15);
  });

  it("writes a damaged one anew when training comes by", async () => {
    const store = await storeWith([10, 20]);
    damage(store, 20);
    await store.loadNewest();
    await store.save(contents(20));
    expect((await store.loadNewest()).checkpoint?.step).toBe(20);
  });

  it.each<[Operation, number]>([
    ["open", 1],
    ["write", 2],
    ["sync", 1],
    ["rename", 1],
  ])("keeps all former checkpoints when %s fails at call %d", async (operation, call) => {
    await storeWith([10, 20]);
    const store = new CheckpointStore(at(), two, failingFiles(operation, call));
    await expect(store.save(contents(30))).rejects.toBeInstanceOf(StorageError);
    expect(readdirSync(at()).sort()).toEqual(["step-00000010.safetensors", "step-00000020.safetensors"]);
    expect((await store.loadNewest()).checkpoint?.step).toBe(20);
  });
});
