// Ctrl-C: the first ends the run in order, the second at once.

export interface StopSignal {
  /** The signal that was received, if any. */
  received(): "SIGINT" | "SIGTERM" | undefined;
  /** Gives the signals their usual meaning back. */
  dispose(): void;
}

const signals = ["SIGINT", "SIGTERM"] as const;

/** Listens until disposed; `notify` is called at the first signal. */
export function listenForStop(notify: () => void): StopSignal {
  let received: "SIGINT" | "SIGTERM" | undefined;
  const handle = (signal: NodeJS.Signals) => {
    if (received !== undefined) process.exit(exitCodeOf(received));
    received = signal as "SIGINT" | "SIGTERM";
    notify();
    // From now on the system acts by itself: it ends the process even while the engine keeps this thread busy.
    setImmediate(dispose);
  };
  const dispose = () => {
    for (const signal of signals) process.off(signal, handle);
  };
  for (const signal of signals) process.on(signal, handle);
  return { received: () => received, dispose };
}

/** What shells expect of a process that a signal ended. */
export function exitCodeOf(signal: "SIGINT" | "SIGTERM"): number {
  return signal === "SIGINT" ? 130 : 143;
}
