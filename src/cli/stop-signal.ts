// Signals that end a command: the first in order, a second Ctrl-C at once. A terminal that was closed never is a second.

import { StoppedError } from "../training/errors.js";

export type StopSignalName = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR2";

export interface StopSignal {
  /** The signal that was received, if any. */
  received(): StopSignalName | undefined;
  /** Aborted with a StoppedError by the first signal: ends what only prepares or evaluates. */
  readonly signal: AbortSignal;
  /** Gives the signals their usual meaning back. */
  dispose(): void;
}

const impatient = ["SIGINT", "SIGTERM"] as const;

/**
 * A launcher and a terminal may both pass on one Ctrl-C, and timeout(1) sends SIGTERM to a process and to its group: what
 * comes so soon after is the same one. In milliseconds.
 */
const SAME = 1000;

/**
 * Listens until disposed; `notify` is called at the first signal. Of several processes (`isLaunched`), SIGUSR2 is one too:
 * launchers pass it on, and end nobody for it.
 */
export function listenForStop(notify: () => void, isLaunched = false): StopSignal {
  const controller = new AbortController();
  let received: StopSignalName | undefined;
  let receivedAt = 0;
  const handle = (signal: NodeJS.Signals) => {
    if (received !== undefined) {
      const isRepeat = isLaunched || (signal === "SIGTERM" && received === "SIGTERM");
      if (isRepeat && performance.now() - receivedAt < SAME) return;
      // A closed terminal is often reported twice, by the system and by the shell, and often after a Ctrl-C: the saving
      // that is under way goes on.
      if (signal !== "SIGHUP" && signal !== "SIGUSR2") process.exit(exitCodeOf(received));
      return;
    }
    received = signal as StopSignalName;
    receivedAt = performance.now();
    notify();
    controller.abort(new StoppedError());
    // From now on the system acts by itself: it ends the process even while the engine keeps this thread busy.
    const repeated = isLaunched ? impatient : impatient.filter((each) => each === "SIGTERM" && each === received);
    setTimeout(release, SAME, repeated).unref();
    setImmediate(
      release,
      impatient.filter((each) => !repeated.includes(each)),
    );
  };
  const release = (signals: readonly StopSignalName[]) => {
    for (const signal of signals) process.off(signal, handle);
  };
  const all: readonly StopSignalName[] = [...impatient, "SIGHUP", ...(isLaunched ? (["SIGUSR2"] as const) : [])];
  for (const signal of all) process.on(signal, handle);
  return { received: () => received, signal: controller.signal, dispose: () => release(all) };
}

/** What shells expect of a process that a signal ended. */
export function exitCodeOf(signal: StopSignalName): number {
  return { SIGHUP: 129, SIGINT: 130, SIGUSR2: 140, SIGTERM: 143 }[signal];
}
