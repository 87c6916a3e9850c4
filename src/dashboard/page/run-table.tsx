// The table of all runs: sorted, filtered, selected; on a narrow screen a list of cards.

import { useEffect, useState } from "preact/hooks";
import type { RunRow } from "../api.js";
import { HealthMark } from "./health-mark.js";
import { swatchClass } from "./palette.js";
import { ProgressBar } from "./progress-bar.js";
import { addressOf } from "./routes.js";
import { agoText, methodName, pathParts, timeText, valueText } from "./words.js";

type Column = "name" | "method" | "progress" | "speed" | "loss" | "health" | "active";

interface Sorting {
  readonly column: Column;
  readonly descending: boolean;
}

const columns: readonly { readonly column: Column; readonly title: string; readonly class?: string }[] = [
  { column: "name", title: "Run" },
  { column: "method", title: "Method" },
  { column: "progress", title: "Progress" },
  { column: "speed", title: "Images/s", class: "number" },
  { column: "loss", title: "Loss", class: "number" },
  { column: "health", title: "Health" },
  { column: "active", title: "Last active", class: "number" },
];

interface RunTableProps {
  readonly runs: readonly RunRow[];
  readonly selected: readonly string[];
  readonly onSelect: (selected: readonly string[]) => void;
}

export function RunTable({ runs, selected, onSelect }: RunTableProps) {
  const [sorting, setSorting] = useState<Sorting>({ column: "active", descending: true });
  const now = useNow();
  const sorted = sortRuns(runs, sorting);
  const toggle = (id: string) =>
    onSelect(selected.includes(id) ? selected.filter((each) => each !== id) : [...selected, id]);
  return (
    <div class="scroll">
      <table class="runs">
        <thead>
          <tr>
            <th scope="col" class="pick">
              <span class="hidden">Select</span>
            </th>
            {columns.map(({ column, title, class: kind }) => {
              const isSorted = sorting.column === column;
              const order = sorting.descending ? "descending" : "ascending";
              return (
                <th scope="col" key={column} class={kind} aria-sort={isSorted ? order : "none"}>
                  <button
                    type="button"
                    onClick={() =>
                      setSorting({ column, descending: isSorted ? !sorting.descending : column !== "name" })
                    }
                  >
                    {title}
                    <span class="arrow" aria-hidden="true">
                      {isSorted ? (sorting.descending ? "↓" : "↑") : ""}
                    </span>
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <Row key={row.id} row={row} place={selected.indexOf(row.id)} now={now} onToggle={toggle} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly row: RunRow;
  /** Among those that are selected; -1 where it is not. */
  readonly place: number;
  readonly now: number;
  readonly onToggle: (id: string) => void;
}

function Row({ row, place, now, onToggle }: RowProps) {
  const { id, name, method, model, imagesPerSecond, loss, health, lastActive, began } = row;
  const { before, last } = pathParts(name);
  return (
    <tr class={place >= 0 ? "selected" : ""}>
      <td class="pick">
        <label>
          <input type="checkbox" checked={place >= 0} onChange={() => onToggle(id)} aria-label={`Select ${name}`} />
          <span class={place >= 0 ? swatchClass(place) : "swatch none"} aria-hidden="true" />
        </label>
      </td>
      <th scope="row" class="name">
        <a href={addressOf({ page: "run", id })}>{last}</a>
        <span class="muted path">{before}</span>
      </th>
      <td data-title="Method">
        <span>{methodName(method)}</span>
        <span class="muted below">{model}</span>
      </td>
      <td data-title="Progress" class="wide">
        <ProgressBar row={row} />
      </td>
      <td data-title="Images/s" class="number">
        {imagesPerSecond === null ? "–" : valueText(Math.round(imagesPerSecond))}
      </td>
      <td data-title="Loss" class="number">
        {valueText(loss)}
      </td>
      <td data-title="Health">
        <HealthMark health={health} />
      </td>
      <td
        data-title="Last active"
        class="number"
        title={`began ${timeText(began)}, last active ${timeText(lastActive)}`}
      >
        {agoText(lastActive, now)}
      </td>
    </tr>
  );
}

export function sortRuns(runs: readonly RunRow[], { column, descending }: Sorting): RunRow[] {
  const sign = descending ? -1 : 1;
  return [...runs].sort((a, b) => {
    const [left, right] = [sortKey(a, column), sortKey(b, column)];
    // What is not known comes last, whatever the order.
    if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
    const order = left < right ? -1 : left > right ? 1 : 0;
    return order === 0 ? (a.name < b.name ? -1 : 1) : sign * order;
  });
}

const severity = { bad: 3, warning: 2, neutral: 1, good: 0 } as const;

function sortKey(row: RunRow, column: Column): string | number | null {
  const { name, method, model, step, totalSteps, imagesPerSecond, loss, health, lastActive, state } = row;
  if (column === "name") return name;
  if (column === "method") return `${method} ${model}`;
  if (column === "progress") return totalSteps === null ? null : step / totalSteps;
  if (column === "speed") return imagesPerSecond;
  if (column === "loss") return loss;
  if (column === "health") return severity[health.level];
  // Runs that go on stay where they are, on top: their times change all the while.
  if (state === "running") return "9";
  return lastActive;
}

/** The time, often enough for "5 min ago". */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
