// The metrics of a run as a table for other programs: comma-separated, a row for each step.

import type { MetricsTable } from "./metrics-table.js";

/** In pieces, so that a long run is not held as one text. */
export function* metricsCsv({ steps, columns }: MetricsTable): Generator<string> {
  const names = columns.map(({ metric, block }) => (block === null ? metric : `${metric}.${block}`));
  yield `${["step", ...names].map(quoted).join(",")}\n`;
  const PIECE = 2000;
  for (let begin = 0; begin < steps.length; begin += PIECE) {
    let text = "";
    for (let row = begin; row < Math.min(begin + PIECE, steps.length); row++) {
      text += String(steps[row]);
      for (const { values } of columns) text += `,${Number.isNaN(values[row]!) ? "" : values[row]}`;
      text += "\n";
    }
    yield text;
  }
}

/** A name is whatever stands in the file. */
function quoted(name: string): string {
  return /^[\w.]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
