// What may be asked of embeddings: their maps, images that are like one, near-duplicates, and small pictures.

import { type Context, Hono } from "hono";
import type { Catalogue } from "../catalogue.js";
import { imagesInForm } from "../given-images.js";
import { answered, countIn, missing, NO_IMAGES, refused } from "../replies.js";
import type { EmbeddingAnswers, EmbeddingAsked } from "./embedding-question.js";
import { embeddingStamp } from "./embedding-row.js";
import { MOST_THUMBNAILS } from "./thumbnail-sheet.js";

const LARGEST_ROW = 2 ** 31 - 1;
/** Below this, most images are "duplicates" of each other. */
const LEAST_THRESHOLD = 0.5;

export function embeddingRoutes(catalogue: Catalogue, answers: EmbeddingAnswers): Hono {
  const routes = new Hono();

  routes.get("/:id/map", (context) => reply(context, { about: "map" }));
  routes.get("/:id/layout", (context) => {
    const epoch = countIn(context.req.query("epoch"), 0, LARGEST_ROW);
    return epoch === undefined ? unclear(context, "an epoch") : reply(context, { about: "layout", epoch });
  });
  routes.get("/:id/similar", (context) => {
    const row = countIn(context.req.query("row"), 0, LARGEST_ROW);
    return row === undefined ? unclear(context, "a row") : reply(context, { about: "similar", to: row });
  });
  routes.post("/:id/similar", async (context) => {
    const given = await imagesInForm(context);
    if (given === undefined || given.length !== 1) return refused(context, NO_IMAGES, 400);
    return reply(context, { about: "similar", to: given[0]! });
  });
  routes.get("/:id/duplicates", (context) => {
    const threshold = Number(context.req.query("threshold"));
    return threshold >= LEAST_THRESHOLD && threshold <= 1
      ? reply(context, { about: "duplicates", threshold })
      : unclear(context, `a threshold from ${LEAST_THRESHOLD} to 1`);
  });
  routes.get("/:id/thumbnails", (context) => {
    const rows = (context.req.query("rows") ?? "").split(",").map((text) => countIn(text, 0, LARGEST_ROW));
    if (rows.length > MOST_THUMBNAILS || rows.includes(undefined)) {
      return unclear(context, `from 1 to ${MOST_THUMBNAILS} rows`);
    }
    return reply(context, { about: "thumbnails", rows: rows as number[] });
  });
  routes.get("/:id/pictures/:row", (context) => {
    const row = countIn(context.req.param("row"), 0, LARGEST_ROW);
    return row === undefined ? unclear(context, "a row") : reply(context, { about: "picture", row });
  });
  return routes;

  async function reply(context: Context, asked: EmbeddingAsked): Promise<Response> {
    const place = await catalogue.place("embedding", context.req.param("id") ?? "");
    const stamp = place === undefined ? undefined : embeddingStamp(place);
    if (place === undefined || stamp === undefined) return missing(context, "embedding");
    return answered(context, async () => {
      const found = await answers.ask({ path: place.path, stamp, ...asked });
      if (!(found instanceof Uint8Array)) return context.json(found);
      return context.body(new Uint8Array(found), 200, { "Content-Type": "image/jpeg" });
    });
  }
}

function unclear(context: Context, expected: string): Response {
  return refused(context, `Expected ${expected}; found something else. Reload the page.`, 400);
}
