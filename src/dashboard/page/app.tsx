// The page as a whole: its head, and what its address asks for.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Overview } from "../api.js";
import type { Connection } from "./connection.js";
import { ExplorePage } from "./explore/explore-page.js";
import { type LinkState, useOverview } from "./live-overview.js";
import { addressOf, type Route, useRoute } from "./routes.js";
import { RunPage } from "./run-page.js";
import { RunsPage } from "./runs-page.js";
import { serverSource } from "./source.js";
import { StudiesPage } from "./studies-page.js";
import { StudyPage } from "./study-page.js";
import { type Theme, useTheme } from "./theme.js";

export function App({ connection }: { readonly connection: Connection }) {
  const source = useMemo(() => serverSource(connection), [connection]);
  const { overview, link, problem } = useOverview(connection);
  const route = useRoute();
  const { theme, shown, next } = useTheme();
  useTitle(route, overview);
  const isStudies = route.page === "studies" || route.page === "study";
  return (
    <>
      <PageHeader theme={theme} onTheme={next}>
        <nav aria-label="Pages">
          <a href={addressOf({ page: "runs", selected: [] })} aria-current={isStudies ? undefined : "page"}>
            Runs
          </a>
          <a href={addressOf({ page: "studies" })} aria-current={isStudies ? "page" : undefined}>
            Studies
          </a>
        </nav>
        <LinkMark link={link} problem={problem} />
      </PageHeader>
      {link === "refused" && (
        <main>
          <p class="empty">{problem}</p>
        </main>
      )}
      {overview === undefined && link !== "refused" && (
        <main>
          <p class="empty">{problem || "Looking for runs …"}</p>
        </main>
      )}
      {overview !== undefined && link !== "refused" && (
        <>
          {route.page === "runs" && (
            <RunsPage source={source} overview={overview} selected={route.selected} theme={shown} />
          )}
          {route.page === "run" && (
            <RunPage
              key={route.id}
              source={source}
              id={route.id}
              row={overview.runs.find(({ id }) => id === route.id)}
              theme={shown}
            />
          )}
          {route.page === "explore" && (
            <ExplorePage
              key={route.id}
              source={source}
              id={route.id}
              seed={route.seed}
              segments={route.segments}
              row={overview.runs.find(({ id }) => id === route.id)}
              theme={shown}
            />
          )}
          {route.page === "studies" && <StudiesPage overview={overview} />}
          {route.page === "study" && (
            <StudyPage
              key={route.id}
              source={source}
              id={route.id}
              row={overview.studies.find(({ id }) => id === route.id)}
            />
          )}
        </>
      )}
    </>
  );
}

/** What is shown, for tabs, bookmarks and screen readers. */
function useTitle(route: Route, overview: Overview | undefined): void {
  const row =
    "id" in route
      ? [...(overview?.runs ?? []), ...(overview?.studies ?? [])].find(({ id }) => id === route.id)
      : undefined;
  const shown = row?.name ?? (route.page === "studies" || route.page === "study" ? "Studies" : "Runs");
  useEffect(() => {
    document.title = `${shown} – mixedae`;
  }, [shown]);
}

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

const links: Readonly<Record<LinkState, string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Not connected",
  refused: "Refused",
};

function LinkMark({ link, problem }: { readonly link: LinkState; readonly problem: string }) {
  return (
    <span class={`link ${link}`} role="status" title={problem}>
      {links[link]}
    </span>
  );
}
