// Two kinds of progress that share a line: each goes on where the other ended, after what they are both a part of.
import { expect, test } from "vitest";
import { ImageProgress } from "#src/evaluations/index.js";
import { Progress } from "#src/terminal/progress.js";
import { ProgressLine } from "#src/terminal/progress-line.js";

function sharing(isTTY: boolean, columns = 100) {
  let text = "";
  const line = new ProgressLine({ write: (more: string) => (text += more), isTTY, columns });
  let now = 0;
  const clock = () => (now += 1000);
  const steps = new Progress(line, clock);
  steps.begin({ totalSteps: 4, doneSteps: 0, imagesPerStep: 2, plainEvery: { kind: "time", seconds: 10 } });
  return { line, steps, images: new ImageProgress(line, clock), text: () => text };
}

test("what the work is a part of comes first, as it is when it is shown", () => {
  const { line, steps, images, text } = sharing(false);
  let place = 1;
  line.lead = () => `[${place} of 2]`;
  steps.step({ step: 1, loss: 3 });
  place = 2;
  images.begin("images", 5);
  images.update(5);
  expect(text().split("\n")).toEqual([
    "[1 of 2]  step 1/4  loss 3.0000  2 images/s  3 s left",
    "[2 of 2]  images 5/5  5 images/s  1 s",
    "",
  ]);
});

test("on a terminal one begins below where the other ended", () => {
  const { line, steps, images, text } = sharing(true, 24);
  line.lead = () => "[1 of 2]";
  steps.step({ step: 1, loss: 3 });
  images.print("Skipped a.png");
  images.begin("images", 5);
  images.update(5);
  images.end();
  const screen = text()
    .split("\n")
    .map((each) => each.split("\r").at(-1)!.replaceAll("\u001b[K", ""));
  // 24 columns, of which the last stays free.
  expect(screen).toEqual(["Skipped a.png", "[1 of 2]  step 1/4  los", "[1 of 2]  images 5/5  5", ""]);
});
