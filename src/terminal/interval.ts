// How often something happens: every N steps, or after a duration.

/** `500` means every 500 steps; "30s", "10m" and "2h" mean time; 0 means never. */
export type IntervalText = number | string;

/** How often something happens, as it is understood. */
export type Interval =
  | { readonly kind: "never" }
  | { readonly kind: "steps"; readonly steps: number }
  | { readonly kind: "time"; readonly seconds: number };

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Returns undefined when the text is neither a whole number of steps nor a duration. */
export function parseInterval(text: IntervalText): Interval | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*$/.exec(String(text));
  if (match === null) return undefined;
  const value = Number(match[1]);
  const unit = secondsPerUnit[match[2] ?? ""];
  if (value === 0) return { kind: "never" };
  if (unit !== undefined) return Number.isFinite(value) ? { kind: "time", seconds: value * unit } : undefined;
  return Number.isSafeInteger(value) ? { kind: "steps", steps: value } : undefined;
}

/** Whether it is due after `step` steps in all, `secondsSince` seconds after the last time. */
export function isDue(interval: Interval, step: number, secondsSince: number): boolean {
  switch (interval.kind) {
    case "never":
      return false;
    case "steps":
      return step > 0 && step % interval.steps === 0;
    case "time":
      return secondsSince >= interval.seconds;
  }
}
