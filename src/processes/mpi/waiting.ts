// Waiting for other processes without keeping a core busy for long, and without outliving the launcher.

import { setImmediate, setTimeout } from "node:timers/promises";

/** Others usually come within moments: so long is asked again and again, then between events, then a thousand times a second. */
const [BUSY, EAGER] = [0.2, 5];

/** Resolves once `isDone` returns true. Meanwhile timers and signals are served. */
export async function waitUntil(isDone: () => boolean): Promise<void> {
  const began = performance.now();
  for (;;) {
    if (isDone()) return;
    const waited = performance.now() - began;
    if (waited < BUSY) continue;
    if (waited < EAGER) await setImmediate();
    else await setTimeout(1);
  }
}

/** How often it is looked whether the launcher is still there, in milliseconds. */
const WATCH = 1000;

/** Ends this process when that which started it is gone: nobody else would. Returns how to stop watching. */
export function endWithLauncher(): () => void {
  const launcher = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== launcher) process.kill(process.pid, "SIGKILL");
  }, WATCH);
  timer.unref();
  return () => clearInterval(timer);
}
