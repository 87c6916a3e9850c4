// The same patch in every block and head at once: small maps, right as squares and wrong as rings; a click chooses one.

import { useEffect, useRef } from "preact/hooks";
import { readPalette } from "../palette.js";
import { type Head, type SeenPatch, seenFrom, type Unpacked } from "./attention.js";

interface HeadMapsProps {
  readonly found: Unpacked;
  readonly patch: number;
  readonly block: number;
  readonly head: Head;
  readonly theme: string;
  readonly onChoose: (block: number, head: Head) => void;
}

export function HeadMaps({ found, patch, block, head, theme, onChoose }: HeadMapsProps) {
  const heads: Head[] = [...Array.from({ length: found.heads }, (_, each) => each), "all"];
  return (
    <div class="scroll">
      <table class="heads">
        <thead>
          <tr>
            <th scope="col">Block</th>
            {heads.map((each) => (
              <th key={each} scope="col">
                {headName(each)}
              </th>
            ))}
            <th scope="col" class="number">
              Precision
            </th>
          </tr>
        </thead>
        <tbody>
          {found.blocks.map(({ precision, keepsTop }, row) => (
            <tr key={row}>
              <th scope="row">
                {row + 1}
                {!keepsTop && <span title="No TopK: this block attends to all patches">*</span>}
              </th>
              {heads.map((each) => {
                const seen = seenFrom(found, patch, row, each);
                const count = (verdict: string) => seen.filter((one) => one.verdict === verdict).length;
                const right = count("right");
                return (
                  <td key={each}>
                    <button
                      type="button"
                      class="head-map"
                      aria-pressed={row === block && each === head}
                      aria-label={`Block ${row + 1}, ${headName(each).toLowerCase()}: ${right} of ${right + count("wrong")} right`}
                      onClick={() => onChoose(row, each)}
                    >
                      <HeadMap seen={seen} grid={found} theme={theme} />
                    </button>
                  </td>
                );
              })}
              <td class="number">
                <meter min="0" max="1" value={precision} aria-hidden="true" />
                {Math.round(100 * precision)}%
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.blocks.some(({ keepsTop }) => !keepsTop) && (
        <p class="meaning">
          * This block has no TopK and attends to all patches: those that it attends to most are marked, and precision
          is the share of its attention.
        </p>
      )}
    </div>
  );
}

export function headName(head: Head): string {
  return head === "all" ? "All heads" : `Head ${head + 1}`;
}

const SIDE = 64;
const SHARPNESS = 2;

interface HeadMapProps {
  readonly seen: readonly SeenPatch[];
  readonly grid: Pick<Unpacked, "rows" | "columns">;
  readonly theme: string;
}

function HeadMap({ seen, grid, theme }: HeadMapProps) {
  const { rows, columns } = grid;
  const canvas = useRef<HTMLCanvasElement>(null);
  const cell = (SIDE * SHARPNESS) / Math.max(rows, columns);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const { lines, ink } = readPalette();
    context.clearRect(0, 0, columns * cell, rows * cell);
    for (const [place, { verdict, strength }] of seen.entries()) {
      const [x, y] = [(place % columns) * cell, Math.floor(place / columns) * cell];
      context.globalAlpha = verdict === "self" ? 1 : 0.35 + 0.65 * strength;
      if (verdict === "right") {
        context.fillStyle = lines[0]!;
        context.fillRect(x + 1, y + 1, cell - 2, cell - 2);
      } else if (verdict === "wrong") {
        context.strokeStyle = lines[1]!;
        context.lineWidth = cell / 5;
        context.beginPath();
        context.arc(x + cell / 2, y + cell / 2, cell * 0.28, 0, 2 * Math.PI);
        context.stroke();
      } else if (verdict === "self") {
        context.strokeStyle = ink;
        context.lineWidth = 3;
        context.strokeRect(x + 2, y + 2, cell - 4, cell - 4);
      }
    }
    context.globalAlpha = 1;
  }, [seen, rows, columns, theme]);
  return <canvas ref={canvas} width={columns * cell} height={rows * cell} />;
}
