// A mixture: what a patch that is looked at attends to, in every block and head; its images; what is confused with what.

import { useMemo, useState } from "preact/hooks";
import { clearest, countsByImage, type Head, letterOf, type SeenPatch, seenFrom, type Unpacked } from "./attention.js";
import { Confusion } from "./confusion.js";
import { GroupImages } from "./group-images.js";
import { HeadMaps, headName } from "./head-maps.js";
import { MixtureMap } from "./mixture-map.js";
import { middleOf } from "./patch-keys.js";

interface Chosen {
  readonly block: number;
  readonly head: Head;
}

export function MixtureView({ found, theme }: { readonly found: Unpacked; readonly theme: string }) {
  const [patch, setPatch] = useState(middleOf(found));
  // Nothing chosen yet: where recognition is clearest.
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const best = useMemo(() => clearest(found), [found]);
  const { block, head } = chosen ?? best;
  const seen = useMemo(() => seenFrom(found, patch, block, head), [found, patch, block, head]);
  const image = found.sources[patch]!;
  return (
    <div class="explore">
      <section class="panel mixture-panel" aria-labelledby="mixture">
        <div class="panel-head">
          <h2 id="mixture">
            The mixture, block {block + 1}, {headName(head).toLowerCase()}
          </h2>
        </div>
        <p class="meaning">Point at a patch, touch it, or move with the arrow keys: what it attends to is marked.</p>
        <MixtureMap found={found} seen={seen} patch={patch} onPatch={setPatch} />
        <Legend />
        <p class="said" role="status">
          {summary(found, seen, patch, block)}
        </p>
      </section>
      <section class="panel heads-panel" aria-labelledby="heads">
        <h2 id="heads">The same patch in every block and head</h2>
        <p class="meaning">
          ■ right, ○ wrong, □ the patch itself. Click a map to see it on the mixture. All heads: what at least half of
          them keep. Precision is of all patches of this mixture; chance is {Math.round(100 / found.images.length)}%.
        </p>
        <HeadMaps
          found={found}
          patch={patch}
          block={block}
          head={head}
          theme={theme}
          onChoose={(row, each) => setChosen({ block: row, head: each })}
        />
      </section>
      <GroupImages found={found} image={image} />
      <Confusion block={found.blocks[block]!} number={block + 1} />
    </div>
  );
}

function Legend() {
  return (
    <ul class="legend-marks">
      <li>
        <span class="cell self" /> looked at
      </li>
      <li>
        <span class="cell right">
          <span class="sign">✓</span>
        </span>
        kept, of its image
      </li>
      <li>
        <span class="cell wrong">
          <span class="sign">✕</span>
        </span>
        kept, of another
      </li>
      <li>
        <span class="cell missed" /> of its image, not kept
      </li>
    </ul>
  );
}

/** What the picture shows, in words. */
function summary(found: Unpacked, seen: readonly SeenPatch[], patch: number, block: number): string {
  const { sources, columns, blocks } = found;
  const own = sources[patch]!;
  const counts = countsByImage(seen, sources);
  const kept = counts.reduce((sum, count) => sum + count, 0);
  const others = counts.flatMap((count, image) =>
    image === own || count === 0 ? [] : [`${count} of ${letterOf(image)}`],
  );
  const verb = blocks[block]!.keepsTop ? "keeps" : "attends most to";
  return (
    `Row ${Math.floor(patch / columns) + 1}, column ${(patch % columns) + 1}, of image ${letterOf(own)}, ${verb} ${kept} other ` +
    `patches: ${counts[own]} of ${letterOf(own)}${others.length === 0 ? "" : `, and wrongly ${others.join(", ")}`}.`
  );
}
