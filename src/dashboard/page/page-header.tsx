// The head of every page: its name, what else it leads to, and its colours.

import type { ComponentChildren } from "preact";
import type { Theme } from "./theme.js";

interface HeaderProps {
  readonly theme: Theme;
  readonly onTheme: () => void;
  readonly children?: ComponentChildren;
}

export function PageHeader({ theme, onTheme, children }: HeaderProps) {
  return (
    <header class="top">
      <span class="brand">
        <Logo /> mixedae
      </span>
      {children}
      <button type="button" class="quiet theme" onClick={onTheme} aria-label={`Colours: ${theme}. Change`}>
        {{ auto: "◐ Auto", light: "○ Light", dark: "● Dark" }[theme]}
      </button>
    </header>
  );
}

/** Four images, mixed. */
function Logo() {
  const places = ["0230", "3112", "1023", "2301"];
  return (
    <svg width="20" height="20" viewBox="0 0 4 4" aria-hidden="true">
      {places.flatMap((row, y) =>
        [...row].map((image, x) => (
          <rect key={`${x} ${y}`} x={x} y={y} width="0.9" height="0.9" rx="0.15" class={`logo-${image}`} />
        )),
      )}
    </svg>
  );
}
