// What the page shows, as its address says: a reload or a bookmark comes back to it.

import { useEffect, useState } from "preact/hooks";

export type Route =
  | { readonly page: "runs"; readonly selected: readonly string[] }
  | { readonly page: "run"; readonly id: string }
  | { readonly page: "explore"; readonly id: string; readonly seed: number; readonly segments: boolean }
  | { readonly page: "studies" }
  | { readonly page: "study"; readonly id: string }
  | { readonly page: "embeddings" }
  | { readonly page: "embedding"; readonly id: string; readonly row: number | undefined };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page, id, part] = path.split("/");
  if (page === "runs" && id && part === "explore") {
    const asked = new URLSearchParams(query);
    return { page: "explore", id, seed: countIn(asked, "seed") ?? 0, segments: asked.get("segments") !== "0" };
  }
  if (page === "runs" && id) return { page: "run", id };
  if (page === "studies") return id ? { page: "study", id } : { page: "studies" };
  if (page === "embeddings" && id) return { page: "embedding", id, row: countIn(new URLSearchParams(query), "row") };
  if (page === "embeddings") return { page: "embeddings" };
  const selected = new URLSearchParams(query).get("selected") ?? "";
  return { page: "runs", selected: selected.split(",").filter((each) => each !== "") };
}

function countIn(asked: URLSearchParams, name: string): number | undefined {
  const text = /^\d{1,9}$/.exec(asked.get(name) ?? "")?.[0];
  return text === undefined ? undefined : Number(text);
}

export function addressOf(route: Route): string {
  if (route.page === "run") return `#/runs/${route.id}`;
  if (route.page === "explore") {
    return `#/runs/${route.id}/explore?seed=${route.seed}${route.segments ? "" : "&segments=0"}`;
  }
  if (route.page === "study") return `#/studies/${route.id}`;
  if (route.page === "studies") return "#/studies";
  if (route.page === "embedding")
    return `#/embeddings/${route.id}${route.row === undefined ? "" : `?row=${route.row}`}`;
  if (route.page === "embeddings") return "#/embeddings";
  return route.selected.length === 0 ? "#/runs" : `#/runs?selected=${route.selected.join(",")}`;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** Changes the address without a step that the back button would have to undo. */
export function replaceRoute(route: Route): void {
  history.replaceState(null, "", addressOf(route));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
