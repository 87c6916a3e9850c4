// Files that the reader keeps: made here, sent nowhere.

import type { Source } from "./source.js";

export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export interface NamedRun {
  readonly id: string;
  readonly name: string;
}

/** The steps of one run, or of several in one table with a column that names the run. */
export async function saveCsv(source: Source, runs: readonly NamedRun[]): Promise<void> {
  const tables = await Promise.all(runs.map(async ({ id, name }) => ({ name, text: await source.csv(id) })));
  const [only] = tables;
  const text = tables.length === 1 ? only!.text : joinedCsv(tables);
  const name = tables.length === 1 ? fileName(only!.name) : "runs";
  saveBlob(new Blob([text], { type: "text/csv" }), `${name}.csv`);
}

/** Columns that only some of the tables have are empty in the others. */
export function joinedCsv(tables: readonly { readonly name: string; readonly text: string }[]): string {
  const parsed = tables.map(({ name, text }) => {
    const [head = "", ...rows] = text.trimEnd().split("\n");
    return { name, columns: head.split(","), rows };
  });
  const all = [...new Set(parsed.flatMap(({ columns }) => columns))];
  const lines = [["run", ...all].join(",")];
  for (const { name, columns, rows } of parsed) {
    const places = all.map((column) => columns.indexOf(column));
    const run = /^[\w./-]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
    for (const row of rows) {
      const cells = row.split(",");
      lines.push([run, ...places.map((place) => cells[place] ?? "")].join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}

function fileName(path: string): string {
  return path.replace(/^[./]+/, "").replaceAll("/", "-") || "run";
}
