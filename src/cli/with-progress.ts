// Commands that go through images: their progress, and Ctrl-C.

import { oneProcess } from "../processes/communicator.js";
import { Progress } from "../terminal/progress.js";
import { StoppedError } from "../training/errors.js";
import { EventDisplay } from "../training/event-display.js";
import type { EventOptions } from "../training/events.js";
import type { CliContext } from "./context.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

/** Shows what happens on the error output, so that results can be piped; Ctrl-C ends it in order. */
export async function withProgress(
  { stderr, processes }: CliContext,
  finish: (exitCode: number) => void,
  work: (options: Required<EventOptions>) => Promise<void>,
): Promise<void> {
  const progress = new Progress(stderr);
  const { communicator = oneProcess } = processes ?? {};
  const stop = listenForStop(() => progress.print("Stopping."), communicator.size > 1);
  try {
    await work({ signal: stop.signal, onEvent: new EventDisplay(progress).show, communicator });
    finish(0);
  } catch (error) {
    if (!StoppedError.is(error)) throw error;
    processes?.fail(error);
    finish(exitCodeOf(stop.received() ?? "SIGINT"));
  } finally {
    progress.end();
    stop.dispose();
  }
}
