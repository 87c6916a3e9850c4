// Signals that end a command: the first in order, a second Ctrl-C at once. A terminal that was closed never is a second.

import { StoppedError } from "../training/errors.js";

export type StopSignalName = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface StopSignal {
  /** The signal that was received, if any. */
  received(): StopSignalName | undefined;
  /** Aborted with a StoppedError by the first signal: ends what only prepares or evaluates. */
  readonly signal: AbortSignal;
  /** Gives the signals their usual meaning back. */
  dispose(): void;
}

const impatient = ["SIGINT", "SIGTERM"] as const;

/** Listens until disposed; `notify` is called at the first signal. */
export function listenForStop(notify: () => void): StopSignal {
  const controller = new AbortController();
  let received: StopSignalName | undefined;
  const handle = (signal: NodeJS.Signals) => {
    if (received !== undefined) {
      // A closed terminal is often reported twice, by the system and by the shell, and often after a Ctrl-C: the saving
      // that is under way goes on.
      if (signal !== "SIGHUP") process.exit(exitCodeOf(received));
      return;
    }
    received = signal as StopSignalName;
    notify();
    controller.abort(new StoppedError());
    // From now on the system acts by itself: it ends the process even while the engine keeps this thread busy.
    setImmediate(release, impatient);
  };
  const release = (signals: readonly StopSignalName[]) => {
    for (const signal of signals) process.off(signal, handle);
  };
  const all = [...impatient, "SIGHUP"] as const;
  for (const signal of all) process.on(signal, handle);
  return { received: () => received, signal: controller.signal, dispose: () => release(all) };
}

/** What shells expect of a process that a signal ended. */
export function exitCodeOf(signal: StopSignalName): number {
  return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal];
}
