// Whole runs of iBOT: learning, going on exactly, and which of the two encoders is the one to use.
import { beforeAll, describe, expect, test } from "vitest";
import { CheckpointStore } from "#src/training/checkpoints.js";
import { CheckpointError, RunDirectoryError } from "#src/training/errors.js";
import { pretrain, resume } from "#src/training/index.js";
import { describeLearning } from "#src/training/learning-report.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { readReconstructingConfig } from "#src/training/run-config.js";
import {
  expectSameMetrics,
  readMetrics,
  recordOptions,
  sharedFolder,
  tinyConfig,
  tinyIbotConfig,
  writeImages,
} from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");
const hooks = recordOptions();

beforeAll(async () => {
  await writeImages(source);
  await pretrain(tinyIbotConfig(source), at("whole"), hooks);
});

async function newest(folder: string) {
  const { checkpoint } = await new CheckpointStore(at(folder, "checkpoints"), tinyIbotConfig(source).run).loadNewest();
  return checkpoint!;
}

test("a run says what it sees, and logs its health", async () => {
  expect(hooks.lines.join("\n")).toContain(
    "2 of the whole size and 2 of 8 x 8 pixels of each image; the teacher sees the first two",
  );
  const metrics = readMetrics(at("whole"));
  expect(Object.keys(metrics[0]!).sort()).toEqual(
    [
      ...[
        "step",
        "epoch",
        "loss",
        "cls",
        "patch",
        "teacherTemperature",
        "teacherEntropy",
        "divergence",
        "clsCentreNorm",
      ],
      ...["patchCentreNorm", "prototypesInUse", "featureSpread", "lr", "gradientNorm"],
      ...["imagesPerSecond", "stepSeconds", "dataWaitSeconds"],
    ].sort(),
  );
  const report = await describeLearning(at("whole"));
  expect(report.join("\n")).toContain("2.77 where it prefers no prototype");
  expect(report.join("\n")).not.toContain("masked autoencoders");
});

test("stopped and resumed, it ends with the same student, teacher, centres and figures, bit for bit", async () => {
  const stopped = await pretrain(tinyIbotConfig(source), at("stopped"), recordOptions(3));
  expect(stopped).toMatchObject({ outcome: "stopped", step: 3 });
  expect(await resume(at("stopped"), recordOptions())).toMatchObject({ outcome: "finished" });
  expectSameMetrics(readMetrics(at("stopped")), readMetrics(at("whole")));
  const [first, second] = [await newest("whole"), await newest("stopped")];
  expect([...second.tensors.keys()]).toEqual([...first.tensors.keys()]);
  for (const [name, { data }] of first.tensors) expect(second.tensors.get(name)!.data, name).toEqual(data);
  for (const name of ["optimizer.clsCentre", "optimizer.patchCentre"]) {
    expect(first.tensors.get(name)!.data.some((value) => value !== 0)).toBe(true);
  }
});

describe("of the encoders in its checkpoint", () => {
  test("the teacher is the one to use, and the student where it is asked for", async () => {
    const { path, tensors } = await newest("whole");
    const teacher = await loadPretrained(at("whole"));
    const student = await loadPretrained(path, { student: true });
    expect(student.origin).toContain("the student");
    expect([...student.tensors.keys()]).toEqual([...teacher.tensors.keys()]);
    const name = "blocks.1.attn.qkv.weight";
    expect(student.tensors.get(name)!.data).toEqual(tensors.get(name)!.data);
    expect(teacher.tensors.get(name)!.data).toEqual(tensors.get(`teacher.${name}`)!.data);
    expect(teacher.tensors.get(name)!.data).not.toEqual(student.tensors.get(name)!.data);
    expect([...teacher.tensors.keys()].filter((each) => /^(head|masked_embed|teacher|optimizer)/.test(each))).toEqual(
      [],
    );
  });

  test("none is a student in a run of another method", async () => {
    await pretrain(tinyConfig(source, "schedule.steps=1"), at("mixedae"), recordOptions());
    await expect(loadPretrained(at("mixedae"), { student: true })).rejects.toThrow(CheckpointError);
    await expect(loadPretrained(at("mixedae"), { student: true })).rejects.toThrow("no student beside a teacher");
  });
});

test("it has no pictures, and says so where they are asked for", () => {
  expect(() => readReconstructingConfig(at("whole"))).toThrow(RunDirectoryError);
  expect(() => readReconstructingConfig(at("whole"))).toThrow("which reconstructs nothing");
});
