// The page as a whole: its head, and what its address asks for.

import { useEffect, useMemo } from "preact/hooks";
import type { Overview } from "../api.js";
import type { Connection } from "./connection.js";
import { EmbeddingPage } from "./embeddings/embedding-page.js";
import { EmbeddingsPage } from "./embeddings/embeddings-page.js";
import { ExplorePage } from "./explore/explore-page.js";
import { type LinkState, useOverview } from "./live-overview.js";
import { PageHeader } from "./page-header.js";
import { addressOf, type Route, useRoute } from "./routes.js";
import { RunPage } from "./run-page.js";
import { RunsPage } from "./runs-page.js";
import { serverSource } from "./source.js";
import { StudiesPage } from "./studies-page.js";
import { StudyPage } from "./study-page.js";
import { useTheme } from "./theme.js";

export function App({ connection }: { readonly connection: Connection }) {
  const source = useMemo(() => serverSource(connection), [connection]);
  const { overview, link, problem } = useOverview(connection);
  const route = useRoute();
  const { theme, shown, next } = useTheme();
  useTitle(route, overview);
  const section = sectionOf(route);
  return (
    <>
      <PageHeader theme={theme} onTheme={next}>
        <nav aria-label="Pages">
          {sections.map(({ name, route: first }) => (
            <a key={name} href={addressOf(first)} aria-current={name === section ? "page" : undefined}>
              {name}
            </a>
          ))}
          <a href="train/">Train</a>
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
          {route.page === "embeddings" && <EmbeddingsPage overview={overview} />}
          {route.page === "embedding" && (
            <EmbeddingPage
              key={route.id}
              connection={connection}
              id={route.id}
              selected={route.row}
              row={overview.embeddings.find(({ id }) => id === route.id)}
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

const sections: readonly { readonly name: string; readonly route: Route }[] = [
  { name: "Runs", route: { page: "runs", selected: [] } },
  { name: "Studies", route: { page: "studies" } },
  { name: "Embeddings", route: { page: "embeddings" } },
];

function sectionOf({ page }: Route): string {
  if (page === "studies" || page === "study") return "Studies";
  return page === "embeddings" || page === "embedding" ? "Embeddings" : "Runs";
}

/** What is shown, for tabs, bookmarks and screen readers. */
function useTitle(route: Route, overview: Overview | undefined): void {
  const rows = overview === undefined ? [] : [...overview.runs, ...overview.studies, ...overview.embeddings];
  const row = "id" in route ? rows.find(({ id }) => id === route.id) : undefined;
  const shown = row?.name ?? sectionOf(route);
  useEffect(() => {
    document.title = `${shown} – mixedae`;
  }, [shown]);
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
