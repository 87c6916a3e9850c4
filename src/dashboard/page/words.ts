// Numbers, times and names as people read them.

/** "0.4 s", "45 s", "3 min", "2 h 5 min", "3 d 4 h". */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "unknown";
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(whole, 60, "min", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return pair(minutes, 60, "h", "min");
  return pair(Math.round(seconds / 3600), 24, "d", "h");
}

function pair(value: number, size: number, big: string, small: string): string {
  const rest = value % size;
  return `${Math.floor(value / size)} ${big}${rest === 0 ? "" : ` ${rest} ${small}`}`;
}

/** "1,234,567". */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** Four digits that count: "0.4649", "812", "1.2e-5"; "–" for none. */
export function valueText(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 10_000) return countText(value);
  if (size !== 0 && size < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(4)));
}

/** "just now", "5 min ago", "3 d ago". */
export function agoText(time: string | null, now: number): string {
  if (time === null) return "–";
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** Local date and time. */
export function timeText(time: string | null): string {
  return time === null
    ? "unknown"
    : new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

const names: Readonly<Record<string, string>> = {
  lr: "Learning rate",
  topkPrecision: "TopK precision",
  knnTop1: "kNN accuracy",
  knnTop1Cls: "kNN accuracy, CLS",
  cls: "CLS loss",
  patch: "Patch loss",
  imagesPerSecond: "Images per second",
  stepSeconds: "Seconds a step",
  dataWaitSeconds: "Wait for images",
  contrastive: "Contrastive loss",
  reconstruction: "Reconstruction error",
};

/** "Feature spread" of featureSpread. */
export function metricName(metric: string): string {
  const spaced = metric.replace(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase();
  return names[metric] ?? spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

const methodNames = {
  mixedae: "MixedAE",
  mae: "MAE",
  mixing: "Naive mixing",
  simmim: "SimMIM",
  ibot: "iBOT",
  dino: "DINO",
} as const;

/** A method that comes with the library. */
export type ShippedMethod = keyof typeof methodNames;

export const shippedMethods = Object.keys(methodNames) as readonly ShippedMethod[];

export function methodName(method: string): string {
  const known: Readonly<Record<string, string>> = methodNames;
  return known[method] ?? method.charAt(0).toUpperCase() + method.slice(1);
}

/** The last name of a path, and what comes before it. */
export function pathParts(path: string): { readonly before: string; readonly last: string } {
  const cut = path.lastIndexOf("/") + 1;
  return { before: path.slice(0, cut), last: path.slice(cut) };
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
