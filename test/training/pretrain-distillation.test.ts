// Whole runs of methods with a teacher: learning, going on exactly, and which of the two encoders is the one to use.
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
  tinyDistillationConfig,
  writeImages,
} from "./tiny-run.js";

const at = sharedFolder();
const source = at("images");

beforeAll(() => writeImages(source));

const methods = [
  { method: "ibot", own: ["patch", "patchCentreNorm"], centres: ["clsCentre", "patchCentre"], users: "patches" },
  { method: "dino", own: [], centres: ["clsCentre"], users: "crops" },
] as const;

describe.each(methods)("$method", ({ method, own, centres, users }) => {
  const whole = at(method);
  const stopped = at(`${method}-stopped`);
  const config = tinyDistillationConfig(method, source);
  const hooks = recordOptions();

  beforeAll(async () => {
    await pretrain(config, whole, hooks);
  });

  async function newest(folder: string) {
    const { checkpoint } = await new CheckpointStore(`${folder}/checkpoints`, config.run).loadNewest();
    return checkpoint!;
  }

  test("a run says what it sees, and logs its health", async () => {
    expect(hooks.lines.join("\n")).toContain(
      "2 of the whole size and 2 of 8 x 8 pixels of each image; the teacher sees the first two",
    );
    const metrics = readMetrics(whole);
    expect(Object.keys(metrics[0]!).sort()).toEqual(
      [
        ...["step", "epoch", "loss", "cls", "teacherTemperature", "teacherEntropy", "divergence", "clsCentreNorm"],
        ...["prototypesInUse", "featureSpread", "lr", "gradientNorm"],
        ...["imagesPerSecond", "stepSeconds", "dataWaitSeconds"],
        ...own,
      ].sort(),
    );
    const report = (await describeLearning(whole)).join("\n");
    expect(report).toContain("2.77 where it prefers no prototype");
    expect(report).toContain(`${users} use`);
    expect(report).not.toContain("masked autoencoders");
  });

  test("stopped and resumed, it ends with the same student, teacher, centres and metrics, bit for bit", async () => {
    expect(await pretrain(config, stopped, recordOptions(3))).toMatchObject({ outcome: "stopped", step: 3 });
    expect(await resume(stopped, recordOptions())).toMatchObject({ outcome: "finished" });
    expectSameMetrics(readMetrics(stopped), readMetrics(whole), 0);
    const [first, second] = [await newest(whole), await newest(stopped)];
    expect([...second.tensors.keys()]).toEqual([...first.tensors.keys()]);
    for (const [name, { data }] of first.tensors) expect(second.tensors.get(name)!.data, name).toEqual(data);
    const kept = [...first.tensors.keys()].filter((name) => name.endsWith("Centre"));
    expect(kept).toEqual(centres.map((name) => `optimizer.${name}`));
    for (const name of kept) expect(first.tensors.get(name)!.data.some((value) => value !== 0)).toBe(true);
  });

  test("the teacher is the encoder to use, and the student where it is asked for", async () => {
    const { path, tensors } = await newest(whole);
    const teacher = await loadPretrained(whole);
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

  test("it has no pictures, and says so where they are asked for", () => {
    expect(() => readReconstructingConfig(whole)).toThrow(RunDirectoryError);
    expect(() => readReconstructingConfig(whole)).toThrow("which reconstructs nothing");
  });
});

test("there is no student in a run of another method", async () => {
  await pretrain(tinyConfig(source, "schedule.steps=1"), at("mixedae"), recordOptions());
  await expect(loadPretrained(at("mixedae"), { student: true })).rejects.toThrow(CheckpointError);
  await expect(loadPretrained(at("mixedae"), { student: true })).rejects.toThrow("no student beside a teacher");
});
