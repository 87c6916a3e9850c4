// Which images a block takes for each other: for patches of each image, where those come from that they keep.

import type { ExploredBlock } from "../../api.js";
import { letterOf } from "./attention.js";
import { Letter } from "./group-images.js";

interface ConfusionProps {
  readonly block: ExploredBlock;
  readonly number: number;
}

export function Confusion({ block: { confusion, keepsTop }, number }: ConfusionProps) {
  return (
    <section class="panel confusion-panel" aria-labelledby="confusion">
      <h2 id="confusion">Confusion between images, block {number}</h2>
      <p class="meaning">
        For patches of the image of each row,{" "}
        {keepsTop ? "the share of the patches they keep" : "the share of attention"} that is of the image of each
        column. On the diagonal is what is right; chance is {Math.round(100 / confusion.length)}% everywhere.
      </p>
      <table class="confusion">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Patches of</span>
            </th>
            {confusion.map((_, image) => (
              <th key={image} scope="col">
                <Letter image={image} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.map((shares, image) => (
            <tr key={image}>
              <th scope="row" aria-label={`Patches of image ${letterOf(image)}`}>
                <Letter image={image} />
              </th>
              {shares.map((share, other) => (
                <td
                  key={other}
                  class={image === other ? "own number" : "number"}
                  style={{ "--share": `${Math.round(100 * share)}%` }}
                >
                  {Math.round(100 * share)}%
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
