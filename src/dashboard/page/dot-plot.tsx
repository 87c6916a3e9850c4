// The scores of an evaluation, each run a dot: beside it mean and deviation of each encoder, and chance and baseline as lines.

import type { StudyCell, StudyEvaluation } from "../api.js";
import { addressOf } from "./routes.js";

const WIDTH = 640;
const ROW = 34;
const MARGIN = { left: 10, right: 14, top: 20, bottom: 34 };

interface DotPlotProps {
  readonly evaluation: StudyEvaluation;
  readonly fraction: number;
  readonly baseline: string;
}

export function DotPlot({ evaluation, fraction, baseline }: DotPlotProps) {
  const { name, variants, digits, measure, unit } = evaluation;
  const cells = variants.flatMap((variant) => {
    const cell = variant.cells.find((each) => each.fraction === fraction);
    return cell?.estimate ? [{ variant: variant.name, cell }] : [];
  });
  const values = cells.flatMap(({ cell }) => cell.dots.map(({ value }) => value));
  if (values.length === 0) return <p class="hint">Nothing is finished here yet.</p>;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.08;
  const [low, high] = [least - room, most + room];
  const x = (value: number) => MARGIN.left + ((value - low) / (high - low)) * (WIDTH - MARGIN.left - MARGIN.right);
  const height = MARGIN.top + cells.length * ROW + MARGIN.bottom;
  const bottom = height - MARGIN.bottom;
  const level = cells.find(({ variant }) => variant === baseline)?.cell.estimate?.mean;
  return (
    <svg class="dots" viewBox={`0 0 ${WIDTH} ${height}`} aria-label={`${name}: ${measure} of each encoder`}>
      <title>{`${name}: ${measure} of each encoder`}</title>
      {ticksOf(low, high).map((tick) => (
        <g key={tick}>
          <line x1={x(tick)} x2={x(tick)} y1={MARGIN.top - 6} y2={bottom} class="grid" />
          <text x={x(tick)} y={bottom + 15} class="tick">
            {tick.toFixed(Math.max(0, digits - 1))}
          </text>
        </g>
      ))}
      <text x={WIDTH - MARGIN.right} y={height - 4} class="tick end">
        {measure}
        {unit === "" ? "" : `, ${unit}`}
      </text>
      {level !== undefined && (
        <line x1={x(level)} x2={x(level)} y1={MARGIN.top - 6} y2={bottom} class="baseline">
          <title>{`${baseline}, the baseline`}</title>
        </line>
      )}
      {cells.map(({ variant, cell }, index) => (
        <Row key={variant} cell={cell} variant={variant} y={MARGIN.top + (index + 0.5) * ROW} x={x} digits={digits} />
      ))}
    </svg>
  );
}

interface RowProps {
  readonly variant: string;
  readonly cell: StudyCell;
  readonly y: number;
  readonly x: (value: number) => number;
  readonly digits: number;
}

function Row({ variant, cell, y, x, digits }: RowProps) {
  const { mean, deviation } = cell.estimate!;
  return (
    <g>
      <line x1={MARGIN.left} x2={WIDTH - MARGIN.right} y1={y + ROW / 2} y2={y + ROW / 2} class="row-line" />
      <text x={MARGIN.left} y={y - 5} class="variant">
        {variant}
      </text>
      {deviation !== null && (
        <line x1={x(mean - deviation)} x2={x(mean + deviation)} y1={y + 8} y2={y + 8} class="deviation" />
      )}
      <line x1={x(mean)} x2={x(mean)} y1={y + 2} y2={y + 14} class="mean" />
      {cell.dots.map(({ seed, value, run }) => {
        const words = `${variant}, seed ${seed}: ${value.toFixed(digits)}`;
        const dot = (
          <circle cx={x(value)} cy={y + 8} r="4.5" class={run === null ? "dot" : "dot linked"}>
            <title>{run === null ? words : `${words}. Open its pre-training`}</title>
          </circle>
        );
        return run === null ? (
          <g key={seed}>{dot}</g>
        ) : (
          <a key={seed} href={addressOf({ page: "run", id: run })} aria-label={words}>
            {dot}
          </a>
        );
      })}
    </g>
  );
}

/** Round values, five or so. */
export function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5, 10].find((factor) => factor * size >= rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}
