// The boundary to the terminal, and what becomes of commands whose output cannot be written.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { PassThrough, Writable } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import { Output } from "#src/cli/output.js";
import { runCli } from "#src/cli/program.js";
import { ProgressLine } from "#src/terminal/progress-line.js";
import { runPaths } from "#src/training/run-folder.js";
import { writeColours, writeTinyCheckpoint } from "../evaluations/tiny-sets.js";
import { programPath, startProgram } from "../training/command-line.js";
import { readMetrics, sharedFolder, tinyAssignments, writeImages } from "../training/tiny-run.js";

const at = sharedFolder();

describe("Output", () => {
  it("lets through the control sequences of the progress line, and no others", () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 40 });
    const output = new Output(stream as unknown as NodeJS.WriteStream);
    output.write("a\tb\u001b[2J\n");
    const line = new ProgressLine(output);
    line.set("step 1 \u001b[31m");
    line.show();
    line.print("Skipped \u001b]0;title\u0007\u202e");
    expect(String(stream.read())).toBe(
      "a\tb\\x1b[2J\n\rstep 1 \\x1b[31m\u001b[K\r\u001b[KSkipped \\x1b]0;title\\x07\\u202e\n\rstep 1 \\x1b[31m\u001b[K",
    );
  });

  it.each(["ENOSPC", "EIO", "EBADF"])("survives %s, and tells of it", async (code) => {
    const stream = new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
    });
    const output = new Output(stream as unknown as NodeJS.WriteStream);
    output.write("lost\n");
    expect(await output.settled()).toMatchObject({ code });
  });

  it("takes a reader that has read enough for no failure", async () => {
    const stream = new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("gone"), { code: "EPIPE" })),
    });
    const output = new Output(stream as unknown as NodeJS.WriteStream);
    output.write("lost\n");
    expect(await output.settled()).toBeUndefined();
  });
});

describe("a command whose output fails", () => {
  const full = Object.assign(new Error("full"), { code: "ENOSPC" });
  const run = async (args: readonly string[]) => {
    let err = "";
    const code = await runCli(args, {
      stdout: { write: () => {} },
      stderr: { write: (text) => (err += text) },
      loadTraining: async () => expect.unreachable(),
      outputFailure: async () => full,
    });
    return { code, err };
  };

  it("has failed where its output is its result", async () => {
    expect(await run(["--version"])).toEqual({
      code: 1,
      err: "error: Cannot write the output: The disk is full. Free some space (ENOSPC).\n",
    });
  });

  it("keeps the exit code of wrong usage", async () => {
    expect((await run(["pretrian"])).code).toBe(2);
  });
});

describe.runIf(existsSync("/dev/full"))("with its output on a full disk (Linux)", () => {
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");
  const redirected = (args: readonly string[], redirection: string) =>
    spawnSync("sh", ["-c", `${quoted([process.execPath, programPath, ...args])} ${redirection}`], { encoding: "utf8" });
  const source = at("images");
  const pretraining = (folder: string) => [
    ...["pretrain", source, "--out", folder],
    ...tinyAssignments.flatMap((one) => ["--set", one]),
  ];
  const encoder = at("encoder.safetensors");
  const colours = at("colours");
  const features = at("features.npy");

  beforeAll(async () => {
    await writeImages(source);
    await writeTinyCheckpoint(encoder);
    await writeColours(colours, 4);
    const { status, stderr } = redirected(["embed", colours, "--from", encoder, "--out", features], "> /dev/null");
    expect([status, stderr]).toEqual([0, ""]);
  }, 60_000);

  it.each(["> /dev/full", "> /dev/full 2>&1"])("a run goes on, and its files are complete: %s", (redirection) => {
    const folder = at(`run ${redirection.length}`);
    expect(redirected(pretraining(folder), redirection).status).toBe(0);
    expect(readMetrics(folder).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(readdirSync(runPaths(folder).checkpoints)).toContain("step-00000010.safetensors");
    expect(existsSync(runPaths(folder).lock)).toBe(false);
  }, 60_000);

  it("a run goes on when whoever read its output has gone", async () => {
    const folder = at("unread");
    const program = startProgram(pretraining(folder));
    await program.printed("Pre-training");
    program.closeOutput();
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
    expect(readMetrics(folder)).toHaveLength(10);
    expect(readdirSync(runPaths(folder).checkpoints)).toContain("step-00000010.safetensors");
  }, 60_000);

  it.each([
    ["search", [features, at("colours", "red", "0.png")]],
    ["duplicates", [features]],
    ["knn", ["--from", encoder, "--train", colours, "--test", colours]],
  ])(
    "%s has failed, and says so",
    (command, args) => {
      const { status, stderr } = redirected([command, ...args], "> /dev/full");
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/error: Cannot write the output: The disk is full\. Free some space \(ENOSPC\)\.\n$/),
      ]);
    },
    60_000,
  );

  it("a command has failed also where there is no place left to say so", () => {
    expect(redirected(["duplicates", features], "> /dev/full 2>&1").status).toBe(1);
  });

  it("embed, whose result is a file, has not", () => {
    const out = at("again.npy");
    const { status, stderr } = redirected(["embed", colours, "--from", encoder, "--out", out], "> /dev/full");
    expect([status, stderr, existsSync(out)]).toEqual([0, "", true]);
  }, 60_000);

  it("classify has failed", () => {
    const run = at("classifier");
    const sets = ["--train", colours, "--test", colours, "--steps", "2", "--batch-size", "4"];
    const trained = redirected(
      ["finetune", "--from", encoder, ...sets, "--out", run, "--set", "schedule.microBatch=4"],
      "",
    );
    expect([trained.status, trained.stderr]).toEqual([0, ""]);
    const { status, stderr } = redirected(["classify", run, at("colours", "red", "0.png"), "--json"], "> /dev/full");
    expect(status).toBe(1);
    expect(stderr).toContain("Cannot write the output: The disk is full");
  }, 120_000);
});
