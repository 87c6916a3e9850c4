// A run as one file: the page, with everything of the run that it shows inside it. It asks nobody for anything.

import { createHash } from "node:crypto";
import { writeAtomically } from "../files/atomic-write.js";
import { readBytes } from "../files/regular-file.js";
import { UnsuitableRunError } from "../training/errors.js";
import type { ExportedRun } from "./api.js";
import { Catalogue } from "./catalogue.js";
import { curvesOf } from "./curves.js";
import { shownFolder } from "./find-places.js";
import { MetricsTable } from "./metrics-table.js";
import { type PageFiles, readPageFiles } from "./page-files.js";
import { runDetail } from "./run-detail.js";
import { pictureFile, runFiles } from "./run-files.js";

/** Enough for a wide screen. */
const POINTS = 1000;
/** Evenly over the run, with the first and the last: each takes some 300 KB. */
const MOST_PICTURES = 12;
const LARGEST_PICTURE = 1 << 26;

export interface ExportOptions {
  readonly version: string;
  /** That of this package by default. */
  readonly page?: PageFiles | undefined;
}

/** Writes the file; returns its size in bytes. Throws UnsuitableRunError for a folder that is no run, StorageError. */
export async function exportPage(folder: string, out: string, { version, page }: ExportOptions): Promise<number> {
  const catalogue = new Catalogue([shownFolder(folder)], version);
  const run = await heldRun(folder, catalogue, version);
  const bytes = Buffer.from(exportedHtml(page ?? readPageFiles(), run));
  await writeAtomically(out, [bytes]);
  return bytes.length;
}

async function heldRun(folder: string, catalogue: Catalogue, version: string): Promise<ExportedRun> {
  const [row] = (await catalogue.overview()).runs.filter(({ name }) => name === folder.replace(/[/\\]+$/, ""));
  const place = row && (await catalogue.place("run", row.id));
  if (place === undefined) {
    throw new UnsuitableRunError(
      `${folder} is not a run: expected a folder with a config.json and metrics, as mixedae pretrain makes. ` +
        "Name the folder of one run",
    );
  }
  const detail = await runDetail(place, catalogue);
  const { metrics } = runFiles(place);
  const table = metrics === undefined ? new MetricsTable() : await catalogue.metrics.read(metrics);
  const pictures = evenly(detail.pictures, MOST_PICTURES);
  const images: Record<string, string> = {};
  for (const step of pictures) {
    const path = pictureFile(place, step);
    if (path === undefined) continue;
    images[step] = `data:image/png;base64,${Buffer.from(readBytes(path, LARGEST_PICTURE)).toString("base64")}`;
  }
  return {
    version,
    exported: new Date().toISOString(),
    detail: { ...detail, pictures: pictures.filter((step) => step in images) },
    curves: curvesOf(table, catalogue.settings(place).batchSize, { points: POINTS }),
    images,
  };
}

/** At most `most` of them, with the first and the last. */
function evenly(values: readonly number[], most: number): number[] {
  if (values.length <= most) return [...values];
  return Array.from({ length: most }, (_, index) => values[Math.round((index * (values.length - 1)) / (most - 1))]!);
}

/**
 * The page with its script, its style and the run in the place of the links to them. Its own policy forbids everything
 * else: what a run's files hold can neither be run nor fetch anything.
 */
export function exportedHtml({ html, script, style }: PageFiles, run: ExportedRun): string {
  // Within a script only its own end, and the beginning of a comment, mean anything.
  const code = script.replaceAll(/<(?=\/script|script|!--)/gi, "\\x3c");
  const data = JSON.stringify(run).replaceAll("<", "\\u003c");
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(code)}'`,
    `style-src '${hashOf(style)}'`,
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const head = html.replaceAll(/\s*<script\b[^>]*><\/script>/g, "").replaceAll(/\s*<link rel="stylesheet"[^>]*>/g, "");
  // Functions, since a text to put in could hold what "replace" understands as a place.
  return head
    .replace(
      "</head>",
      () => `  <meta http-equiv="Content-Security-Policy" content="${policy}">\n    <style>${style}</style>\n  </head>`,
    )
    .replace(
      "</body>",
      () =>
        `  <script id="exported-run" type="application/json">${data}</script>\n` +
        `    <script type="module">${code}</script>\n  </body>`,
    );
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
