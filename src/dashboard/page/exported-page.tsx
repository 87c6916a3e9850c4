// One run in a file of its own, with everything that it shows.

import { useMemo } from "preact/hooks";
import type { ExportedRun } from "../api.js";
import { PageHeader } from "./page-header.js";
import { RunView } from "./run-view.js";
import { exportedSource } from "./source.js";
import { useTheme } from "./theme.js";
import { timeText } from "./words.js";

export function ExportedPage({ run }: { readonly run: ExportedRun }) {
  const source = useMemo(() => exportedSource(run), [run]);
  const { theme, shown, next } = useTheme();
  return (
    <>
      <PageHeader theme={theme} onTheme={next}>
        <span class="link">as of {timeText(run.exported)}</span>
      </PageHeader>
      <main>
        <RunView source={source} detail={run.detail} theme={shown} />
      </main>
    </>
  );
}
