// Recognition block by block: how often patches attend to those of their own image, over the run and at its end.

import { useMemo } from "preact/hooks";
import type { Curves, RunDetail } from "../api.js";
import type { Source } from "./source.js";
import { useCurves } from "./use-curves.js";
import { countText, sentence } from "./words.js";

/** The metric that has a value for each block. */
const METRIC = "topkPrecision";
/** Columns of the map. */
const COLUMNS = 60;

interface RecognitionProps {
  readonly source: Source;
  readonly detail: RunDetail;
}

const whole = { axis: "step", range: null } as const;

export function Recognition({ source, detail: { row, levels, meanings, firstBlock } }: RecognitionProps) {
  const { id, step } = row;
  const { curves } = useCurves(source, [{ id, step }], whole);
  const own = curves.get(id);
  const blocks = useMemo(() => (own === undefined ? [] : blocksOf(own)), [own]);
  if (own === undefined || blocks.length === 0) return null;
  const chance = levels.find(({ metric }) => metric === METRIC)?.value ?? 0;
  return (
    <section class="panel recognition" aria-labelledby="recognition">
      <h2 id="recognition">Recognition by block</h2>
      <p class="meaning">
        {sentence(meanings[METRIC]?.replace(", a list by block", "") ?? "")}. Chance is {percent(chance)}. In some block
        it rises well above that once the model recognises which patches belong together; not in all of them.
      </p>
      <table class="blocks">
        <thead>
          <tr>
            <th scope="col">block</th>
            <th scope="col">steps 1 to {countText(own.step.at(-1) ?? 0)}</th>
            <th scope="col">now</th>
          </tr>
        </thead>
        <tbody>
          {blocks.map(({ block, shares, now }) => (
            <tr key={block}>
              <th scope="row">{firstBlock + block + 1}</th>
              <td>
                <svg viewBox={`0 0 ${shares.length} 1`} preserveAspectRatio="none" aria-hidden="true">
                  {shares.map((share, column) => (
                    <rect
                      key={column}
                      x={column}
                      width="1.05"
                      height="1"
                      class="heat"
                      fill-opacity={strength(share, chance)}
                    />
                  ))}
                </svg>
              </td>
              <td class="number">
                <meter min="0" max="1" value={now} aria-label={`${percent(now)}, chance is ${percent(chance)}`} />
                {percent(now)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface Block {
  readonly block: number;
  /** Means over equal parts of the run. */
  readonly shares: readonly number[];
  readonly now: number;
}

function blocksOf({ series }: Curves): Block[] {
  return series.flatMap(({ metric, block, mean }) => {
    const known = mean.filter((value) => value !== null);
    if (metric !== METRIC || block === null || known.length === 0) return [];
    const count = Math.min(COLUMNS, known.length);
    const part = (index: number) =>
      known.slice(Math.floor((index * known.length) / count), Math.floor(((index + 1) * known.length) / count));
    const shares = Array.from({ length: count }, (_, index) => average(part(index)));
    return [{ block, shares, now: average(known.slice(-Math.max(1, Math.round(known.length / 20)))) }];
  });
}

/** Nothing at chance, all of the colour where every key is homologous. */
function strength(share: number, chance: number): number {
  return Math.min(1, Math.max(0.04, (share - chance) / (1 - chance)));
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
