// What is said while something is prepared: a line in place on a terminal, a plain one now and then elsewhere.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProgressLine } from "#src/terminal/progress-line.js";
import { throwIfStopped, Waiting } from "#src/terminal/waiting.js";
import { StoppedError } from "#src/training/errors.js";

function recorded(isTTY: boolean) {
  let text = "";
  const line = new ProgressLine({ write: (more: string) => (text += more), isTTY, columns: 60 });
  return { line, waiting: new Waiting(line), text: () => text };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

async function waited<Result>(work: Promise<Result>, milliseconds: number): Promise<Result> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  return work;
}

test("elsewhere, short work is silent and long work says what it does, and how far it is", async () => {
  const { waiting, text } = recorded(false);
  expect(
    await waited(
      waiting.during("Reading", () => pause(1900).then(() => 5)),
      1900,
    ),
  ).toBe(5);
  expect(text()).toBe("");
  const long = waiting.during("Reading", async (count) => {
    count(1200, 5000);
    await pause(13_000);
  });
  await waited(long, 13_000);
  expect(text()).toBe("Reading  1,200/5,000  2 s\nReading  1,200/5,000  12 s\n");
});

test("work that keeps the thread busy is named before it begins", async () => {
  const { waiting, text } = recorded(false);
  await waiting.duringBusy("Compiling", async () => expect(text()).toBe("Compiling\n"));
  const terminal = recorded(true);
  await terminal.waiting.duringBusy("Compiling", async () => expect(terminal.text()).toBe("\rCompiling\u001b[K"));
  expect(terminal.text()).toBe("\rCompiling\u001b[K\r\u001b[K");
});

test("on a terminal, the line that stood there before stands there again", async () => {
  const { line, waiting, text } = recorded(true);
  line.set("step 1");
  line.show();
  await waited(
    waiting.during("Writing", () => pause(300)),
    300,
  );
  line.end();
  expect(text().replaceAll("\u001b[K", "").split("\r")).toEqual(["", "step 1", "Writing", "step 1", "step 1\n"]);
});

test("what was stopped is not begun, and a wait gives the line back when it fails", async () => {
  const { line, text } = recorded(true);
  const controller = new AbortController();
  const waiting = new Waiting(line, controller.signal);
  const failing = waiting.duringBusy("Compiling", async () => {
    controller.abort(new StoppedError());
    await throwIfStopped(controller.signal);
  });
  await expect(failing).rejects.toBeInstanceOf(StoppedError);
  expect(text()).toBe("\rCompiling\u001b[K\r\u001b[K");
  await expect(waiting.during("Reading", async () => expect.unreachable())).rejects.toBeInstanceOf(StoppedError);
});
