// Light or dark: as the system has it, unless the reader chose.

import { useEffect, useState } from "preact/hooks";

export type Theme = "auto" | "light" | "dark";

const KEPT = "mixedae-theme";
const themes: readonly Theme[] = ["auto", "light", "dark"];
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

/** `shown` is the one that is seen. */
export function useTheme(): { readonly theme: Theme; readonly shown: "light" | "dark"; readonly next: () => void } {
  const [theme, setTheme] = useState<Theme>(readTheme);
  const [isDark, setIsDark] = useState(prefersDark.matches);
  useEffect(() => {
    const follow = () => setIsDark(prefersDark.matches);
    prefersDark.addEventListener("change", follow);
    return () => prefersDark.removeEventListener("change", follow);
  }, []);
  const shown = theme === "auto" ? (isDark ? "dark" : "light") : theme;
  document.documentElement.dataset.theme = shown;
  const next = () => {
    const chosen = themes[(themes.indexOf(theme) + 1) % themes.length]!;
    keep(chosen);
    setTheme(chosen);
  };
  return { theme, shown, next };
}

/** A page that was opened from a file may not keep anything. */
function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    // It then lasts as long as the page.
  }
}

function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEPT);
    return themes.find((each) => each === kept) ?? "auto";
  } catch {
    return "auto";
  }
}
