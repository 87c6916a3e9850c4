// Where a page has its runs from: a server, or the page itself where it was exported.

import type { Curves, Exploration, ExportedRun, RunDetail, StudyDetail } from "../api.js";
import type { Connection } from "./connection.js";

export interface Source {
  /** Whether runs may change while they are looked at. */
  readonly isLive: boolean;
  detail(run: string): Promise<RunDetail>;
  /** Steps from and to which, both included; the whole run by default. */
  curves(run: string, range?: StepRange): Promise<Curves>;
  /** Every step as comma-separated values. */
  csv(run: string): Promise<string>;
  /** The address of a picture, for an image element. */
  picture(run: string, step: number): Promise<string>;
  study(study: string): Promise<StudyDetail>;
  /** A mixture of the files that are given and of the run's images, with or without its segment embeddings. */
  explore(run: string, seed: number, segments: boolean, given: readonly File[]): Promise<Exploration>;
}

export interface StepRange {
  readonly from: number;
  readonly to: number;
}

/** Pictures stay in memory, the last ones that were looked at. */
const MOST_PICTURES = 64;

export function serverSource(connection: Connection): Source {
  const pictures = new Map<string, Promise<string>>();
  return {
    isLive: true,
    detail: (run) => connection.json(`runs/${run}`),
    curves: (run, range) =>
      connection.json(`runs/${run}/metrics${range === undefined ? "" : `?from=${range.from}&to=${range.to}`}`),
    csv: (run) => connection.text(`runs/${run}/metrics.csv`),
    study: (study) => connection.json(`studies/${study}`),
    explore: (run, seed, segments, given) =>
      connection.json(`runs/${run}/explore?seed=${seed}&segments=${segments ? 1 : 0}`, formOf(given)),
    picture(run, step) {
      const path = `runs/${run}/pictures/${step}`;
      const known = pictures.get(path);
      if (known !== undefined) return known;
      const address = connection.blob(path).then((blob) => URL.createObjectURL(blob));
      pictures.set(path, address);
      const [oldest] = pictures;
      if (pictures.size > MOST_PICTURES && oldest !== undefined) {
        pictures.delete(oldest[0]);
        oldest[1].then(URL.revokeObjectURL, () => {});
      }
      address.catch(() => pictures.delete(path));
      return address;
    },
  };
}

/** Undefined for no files: nothing is sent then. */
export function formOf(files: readonly File[]): FormData | undefined {
  if (files.length === 0) return undefined;
  const form = new FormData();
  for (const file of files) form.append("image", file);
  return form;
}

export function exportedSource({ detail, curves, images }: ExportedRun): Source {
  return {
    isLive: false,
    detail: async () => detail,
    curves: async () => curves,
    csv: async () => curvesCsv(curves),
    picture: async (_, step) => images[step] ?? "",
    study: () => Promise.reject(new Error("An exported page holds one run, and no study.")),
    explore: () => Promise.reject(new Error("An exported page holds no checkpoint to explore.")),
  };
}

/** What an exported page knows: the mean of each bucket. */
function curvesCsv({ step, series }: Curves): string {
  const names = series.map(({ metric, block }) => (block === null ? metric : `${metric}.${block}`));
  const rows = step.map((each, index) => [each, ...series.map(({ mean }) => mean[index] ?? "")].join(","));
  return `${[["step", ...names].join(","), ...rows].join("\n")}\n`;
}
