// Which colour and shape a class has on the map; a click leaves it alone in sight.

import { LINE_COLORS, swatchClass } from "../palette.js";
import { shapeOf } from "./draw-map.js";

interface ClassLegendProps {
  readonly classes: readonly string[];
  readonly isolated: number | undefined;
  readonly onIsolate: (label: number | undefined) => void;
}

export function ClassLegend({ classes, isolated, onIsolate }: ClassLegendProps) {
  return (
    <fieldset class="class-legend">
      <legend class="hidden">Classes</legend>
      {classes.map((name, label) => (
        <button
          key={name}
          type="button"
          class="quiet"
          aria-pressed={label === isolated}
          onClick={() => onIsolate(label === isolated ? undefined : label)}
        >
          <span class={`${swatchClass(label % LINE_COLORS)} ${shapeOf(label)}`} /> {name}
        </button>
      ))}
    </fieldset>
  );
}
