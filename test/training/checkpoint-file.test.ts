// A checkpoint comes back as it was written, or is refused with the reason.

import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { StorageError } from "#src/files/storage-error.js";
import { encodeSafetensors, joinSafetensors, type SafetensorsEntry } from "#src/formats/safetensors.js";
import { readCheckpoint, writeCheckpoint } from "#src/training/checkpoint-file.js";
import { CheckpointError } from "#src/training/errors.js";
import { temporaryFolder } from "../files/temporary-folder.js";

const at = temporaryFolder();
const path = () => at("step-00000007.safetensors");

const tensors: SafetensorsEntry[] = [
  {
    name: "blocks.0.attn.qkv.weight",
    dtype: "F32",
    shape: [2, 3],
    data: Float32Array.of(1, -2, 3.5, 0, Number.NaN, 6),
  },
  { name: "order", dtype: "I32", shape: [3], data: Int32Array.of(2, 0, 1) },
  { name: "images", dtype: "U8", shape: [1, 5], data: Uint8Array.of(0, 255, 7, 8, 9) },
  { name: "empty", dtype: "F64", shape: [0], data: new Float64Array() },
];
const metadata = { epoch: "3", config: JSON.stringify({ checksum: "crc32:12345678", name: "größe" }) };
const write = () => writeCheckpoint(path(), { step: 7, tensors, metadata });

async function reasonOf(bytes: Uint8Array): Promise<string> {
  writeFileSync(path(), bytes);
  const error = await readCheckpoint(path()).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  return (error as CheckpointError).reason;
}

describe("checkpoint files", () => {
  it("come back with every tensor, step and string", async () => {
    await write();
    const checkpoint = await readCheckpoint(path());
    expect(checkpoint.step).toBe(7);
    expect(checkpoint.metadata).toMatchObject(metadata);
    for (const tensor of tensors) expect(checkpoint.tensors.get(tensor.name)).toEqual(tensor);
    expect(checkpoint.tensors.size).toBe(tensors.length);
  });

  it("take views on a larger buffer as they are", async () => {
    const flat = Float32Array.from({ length: 100 }, (_, index) => index);
    const view: SafetensorsEntry = { name: "view", dtype: "F32", shape: [4], data: flat.subarray(10, 14) };
    await writeCheckpoint(path(), { step: 1, tensors: [view], metadata: {} });
    expect((await readCheckpoint(path())).tensors.get("view")?.data).toEqual(Float32Array.of(10, 11, 12, 13));
  });

  it("do not let the caller's metadata take the place of their own", async () => {
    await writeCheckpoint(path(), { step: 7, tensors, metadata: { step: "8", format: "other", checksum: "none" } });
    expect(await readCheckpoint(path())).toMatchObject({ step: 7, metadata: { format: "mixedae-checkpoint" } });
  });

  it("are refused when any one bit has changed", async () => {
    await write();
    const good = readFileSync(path());
    for (let index = 0; index < good.length; index++) {
      const bad = Buffer.from(good);
      bad[index]! ^= 1 << (index % 8);
      expect(await reasonOf(bad), `byte ${index}`).not.toBe("");
    }
  });

  it("are refused when they are cut short or have grown", async () => {
    await write();
    const good = readFileSync(path());
    for (let length = 0; length < good.length; length += 7) await reasonOf(good.subarray(0, length));
    expect(await reasonOf(good.subarray(0, good.length - 1))).toContain("cut short");
    expect(await reasonOf(Buffer.concat([good, Buffer.of(0)]))).toContain("too long");
  });

  it("say that the content changed when only values did", async () => {
    await write();
    const bytes = readFileSync(path());
    bytes[bytes.length - 2]! ^= 4;
    expect(await reasonOf(bytes)).toMatch(
      /its content has changed since it was written \(checksum crc32:.*expected crc32:/,
    );
  });

  it("are refused when they are something else", async () => {
    expect(await reasonOf(Buffer.from("not a checkpoint, but a text that goes on for a while"))).toContain("header");
    const foreign = joinSafetensors(encodeSafetensors(tensors, { format: "pt" }));
    expect(await reasonOf(foreign)).toMatch(/^it is a safetensors file, but not a checkpoint.*mixedae import .*--out /);
    const pickle = Buffer.from([0x80, 2, ...Buffer.alloc(30)]);
    expect(await reasonOf(pickle)).toMatch(/^it is a PyTorch file, but not a checkpoint.*mixedae import /);
    const newer = encodeSafetensors(tensors, { format: "mixedae-checkpoint", formatVersion: "9" });
    expect(await reasonOf(joinSafetensors(newer))).toContain("it has format version 9");
    const bare = encodeSafetensors(tensors, { format: "mixedae-checkpoint", formatVersion: "1", step: "7" });
    expect(await reasonOf(joinSafetensors(bare))).toBe("it has no checksum");
  });

  it("that cannot be read at all are an error of storage", async () => {
    await expect(readCheckpoint(at("none.safetensors"))).rejects.toBeInstanceOf(StorageError);
  });
});
