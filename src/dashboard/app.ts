// The dashboard as questions and answers: its page, and what is known of runs, studies and embeddings as JSON. It writes nothing.

import { Readable } from "node:stream";
import { type Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { readBytes } from "../files/regular-file.js";
import { type AccessRules, onlyOwnPage, onlyWithToken } from "./access.js";
import type { Catalogue } from "./catalogue.js";
import { curvesOf } from "./curves.js";
import type { EmbeddingAnswers } from "./embeddings/embedding-question.js";
import { embeddingRoutes } from "./embeddings/embedding-routes.js";
import type { ExploreAnswers } from "./explorer/explore-question.js";
import type { Place } from "./find-places.js";
import { imagesInForm } from "./given-images.js";
import { Live } from "./live.js";
import { metricsCsv } from "./metrics-csv.js";
import { MetricsTable } from "./metrics-table.js";
import type { PageFiles } from "./page-files.js";
import { answered, countIn, missing, NO_IMAGES, refused } from "./replies.js";
import { runDetail } from "./run-detail.js";
import { checkpointsStamp, pictureFile, runFiles } from "./run-files.js";
import { studyDetail } from "./study-detail.js";
import { planOf } from "./study-row.js";
import { trainerRoutes } from "./trainer-routes.js";

const LARGEST_SEED = 2 ** 32 - 1;
const DEFAULT_POINTS = 600;
const MOST_POINTS = 5000;
const LARGEST_PICTURE = 1 << 26;
/** Pages that are open at once. */
const MOST_LISTENERS = 32;
const HEARTBEAT_MILLISECONDS = 15_000;

export interface AppOptions extends AccessRules {
  readonly page: PageFiles;
  readonly explorer: ExploreAnswers;
  readonly embeddings: EmbeddingAnswers;
  /** Between two looks at the runs, in milliseconds. */
  readonly lookEvery?: number;
}

export function createApp(catalogue: Catalogue, options: AppOptions): Hono {
  const { page } = options;
  const live = new Live(catalogue, options.lookEvery);
  const app = new Hono();
  app.use(onlyOwnPage(options));
  app.use("/api/*", onlyWithToken(options));

  app.get("/", (context) => context.html(page.html));
  app.get("/page.js", (context) =>
    context.body(page.script, 200, { "Content-Type": "text/javascript; charset=utf-8" }),
  );
  app.get("/page.css", (context) => context.body(page.style, 200, { "Content-Type": "text/css; charset=utf-8" }));

  app.get("/train", (context) => context.redirect("/train/"));
  app.route("/train", trainerRoutes());

  app.get("/api/overview", async (context) => context.json(await catalogue.overview()));
  app.get("/api/live", (context) => listen(context, live));

  app.get("/api/runs/:id", async (context) => {
    const place = await catalogue.place("run", context.req.param("id"));
    return place === undefined ? missing(context, "run") : context.json(await runDetail(place, catalogue));
  });
  app.get("/api/runs/:id/metrics", async (context) => {
    const place = await catalogue.place("run", context.req.param("id"));
    if (place === undefined) return missing(context, "run");
    const { batchSize } = catalogue.settings(place);
    const query = (name: string, least: number, most: number) => countIn(context.req.query(name), least, most);
    const [from, to] = [query("from", 0, Number.MAX_SAFE_INTEGER), query("to", 0, Number.MAX_SAFE_INTEGER)];
    const points = query("points", 2, MOST_POINTS) ?? DEFAULT_POINTS;
    const table = await metricsOf(place, catalogue);
    return context.json(
      curvesOf(table, batchSize, { points, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }),
    );
  });
  app.get("/api/runs/:id/metrics.csv", async (context) => {
    const place = await catalogue.place("run", context.req.param("id"));
    if (place === undefined) return missing(context, "run");
    const table = await metricsOf(place, catalogue);
    const body = Readable.toWeb(Readable.from(metricsCsv(table)).map((text: string) => Buffer.from(text)));
    return context.body(body as ReadableStream, 200, { "Content-Type": "text/csv; charset=utf-8" });
  });
  app.get("/api/runs/:id/pictures/:step", async (context) => {
    const place = await catalogue.place("run", context.req.param("id"));
    const step = countIn(context.req.param("step"), 0, Number.MAX_SAFE_INTEGER);
    const path = place === undefined || step === undefined ? undefined : pictureFile(place, step);
    if (path === undefined) return missing(context, "picture");
    return context.body(new Uint8Array(readBytes(path, LARGEST_PICTURE)), 200, { "Content-Type": "image/png" });
  });
  // Images that are given are computed with, and kept nowhere.
  app.on(["GET", "POST"], "/api/runs/:id/explore", async (context) => {
    const place = await catalogue.place("run", context.req.param("id"));
    return place === undefined ? missing(context, "run") : explore(context, place, options.explorer);
  });
  app.route("/api/embeddings", embeddingRoutes(catalogue, options.embeddings));
  app.get("/api/studies/:id", async (context) => {
    const place = await catalogue.place("study", context.req.param("id"));
    const plan = place === undefined ? undefined : planOf(place);
    if (place === undefined || plan === undefined) return missing(context, "study");
    return context.json(await studyDetail(place, catalogue.study(place), plan, await catalogue.runIds()));
  });

  app.notFound((context) => missing(context, "page"));
  // What the library says of damaged files is meant for people; nothing else is told.
  app.onError((error, context) => context.text(`${error.name}: ${error.message}\n`, 500));
  return app;
}

/** An empty table where the run has no metrics yet. Throws StorageError. */
async function metricsOf(place: Place, catalogue: Catalogue): Promise<MetricsTable> {
  const { metrics } = runFiles(place);
  return metrics === undefined ? new MetricsTable() : catalogue.metrics.read(metrics);
}

/** A mixture of the run's images and those that are given, or in words why there is none. */
async function explore(context: Context, place: Place, explorer: ExploreAnswers): Promise<Response> {
  const seed = countIn(context.req.query("seed") ?? "0", 0, LARGEST_SEED);
  if (seed === undefined) {
    return refused(
      context,
      `Expected a seed from 0 to ${LARGEST_SEED}; found another one. Shuffle, or change the address.`,
      400,
    );
  }
  const segments = context.req.query("segments") !== "0";
  const stamp = checkpointsStamp(place);
  if (stamp === undefined) {
    return refused(
      context,
      "Expected a run with a checkpoint within the folders shown; found none. Wait until it writes its first.",
      422,
    );
  }
  const given = context.req.method === "POST" ? await imagesInForm(context) : [];
  if (given === undefined) return refused(context, NO_IMAGES, 400);
  return answered(context, async () =>
    context.json(await explorer.ask({ path: place.path, stamp, seed, segments, given })),
  );
}

function listen(context: Context, live: Live): Response | Promise<Response> {
  if (live.listeners >= MOST_LISTENERS) {
    return context.text(`Expected at most ${MOST_LISTENERS} open pages; found more. Close some of them.\n`, 503);
  }
  return streamSSE(context, async (stream) => {
    await new Promise<void>((done) => {
      const leave = live.listen((change) => {
        void stream.writeSSE({ event: "change", data: JSON.stringify(change) });
      });
      const heartbeat = setInterval(() => void stream.writeSSE({ event: "alive", data: "" }), HEARTBEAT_MILLISECONDS);
      heartbeat.unref();
      stream.onAbort(() => {
        leave();
        clearInterval(heartbeat);
        done();
      });
    });
  });
}
