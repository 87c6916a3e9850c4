// The progress line on a terminal and elsewhere, with a clock that the test moves.

import { describe, expect, it } from "vitest";
import { Progress } from "#src/terminal/progress.js";

class Recorder {
  text = "";
  constructor(
    readonly isTTY: boolean,
    readonly columns = 100,
  ) {}
  write(text: string): void {
    this.text += text;
  }
  /** What a terminal would show, line by line. */
  get screen(): string[] {
    return this.text.split("\n").map((line) => line.split("\r").at(-1)!.replaceAll("\u001b[K", ""));
  }
}

function session(stream: Recorder, { totalSteps = 100, doneSteps = 0, plainSeconds = 10 } = {}) {
  let milliseconds = 5000;
  const progress = new Progress(stream, () => milliseconds);
  const plainEvery = { kind: "time", seconds: plainSeconds } as const;
  progress.begin({ totalSteps, doneSteps, imagesPerStep: 64, plainEvery });
  let step = doneSteps;
  const take = (steps: number, seconds: number) => {
    for (let count = 0; count < steps; count++) {
      milliseconds += seconds * 1000;
      step++;
      progress.step({ step, loss: 1 / step });
    }
  };
  return { progress, take };
}

describe("on a terminal", () => {
  it("rewrites one line", () => {
    const stream = new Recorder(true);
    const { progress, take } = session(stream, { totalSteps: 2000 });
    take(20, 0.5);
    expect(stream.screen).toEqual(["step    20/2,000  loss 0.0500  128 images/s  16 min 30 s left"]);
    progress.end();
    progress.end();
    expect(stream.text.match(/\n/g)).toHaveLength(1);
  });

  it("redraws at most ten times a second, and always at the end", () => {
    const stream = new Recorder(true);
    const { take } = session(stream, { totalSteps: 1000 });
    take(1000, 0.001);
    expect(stream.text.match(/\r/g)!.length).toBeLessThan(15);
    expect(stream.screen[0]).toContain("step 1,000/1,000  loss 0.0010");
    expect(stream.screen[0]).toContain("done");
  });

  it("never lets the line wrap", () => {
    const stream = new Recorder(true, 30);
    session(stream).take(3, 1);
    expect(stream.screen[0]).toHaveLength(29);
  });

  it("prints other lines above", () => {
    const stream = new Recorder(true);
    const { progress, take } = session(stream);
    progress.print("before the first step");
    take(2, 1);
    progress.print("a warning");
    expect(stream.screen).toEqual(["before the first step", "a warning", expect.stringContaining("step   2/100")]);
  });
});

describe("elsewhere", () => {
  it("prints plain lines: the first, some at intervals, and the last", () => {
    const stream = new Recorder(false);
    const { progress, take } = session(stream, { totalSteps: 30 });
    take(30, 1);
    progress.end();
    for (const control of ["\r", "\u001b"]) expect(stream.text).not.toContain(control);
    const steps = stream.text.trim().split("\n");
    expect(steps.map((line) => Number.parseInt(line.slice(5), 10))).toEqual([1, 11, 21, 30]);
  });
});

describe("the estimate", () => {
  const left = (stream: Recorder) => / ([^ ].*) left/.exec(stream.screen.at(-1)!.split("  ").at(-1)!.padStart(40))?.[1];

  it("counts only the steps that are left, also in a resumed run", () => {
    const stream = new Recorder(true);
    session(stream, { totalSteps: 1000, doneSteps: 900 }).take(50, 2);
    expect(left(stream)).toBe("1 min 40 s");
  });

  it("forgets a slow first step", () => {
    const stream = new Recorder(true);
    const { take } = session(stream, { totalSteps: 100 });
    take(1, 20);
    take(1, 1);
    expect(left(stream)).toBe("1 min 38 s");
  });

  it("follows a change of speed smoothly", () => {
    const stream = new Recorder(true);
    const { take } = session(stream, { totalSteps: 100_000 });
    const speed = () => Number(/([\d.]+) images/.exec(stream.screen[0]!)![1]);
    take(100, 1);
    expect(speed()).toBe(64);
    take(10, 2);
    expect(speed()).toBeGreaterThan(40);
    expect(speed()).toBeLessThan(60);
    take(200, 2);
    expect(speed()).toBe(32);
  });

  it("is not spoilt for long by a machine that slept", () => {
    const stream = new Recorder(true);
    const { take } = session(stream, { totalSteps: 10_000 });
    take(100, 0.1);
    take(1, 8 * 3600);
    take(600, 0.1);
    expect(Number(/([\d.]+) images/.exec(stream.screen[0]!)![1])).toBeGreaterThan(400);
  });
});
