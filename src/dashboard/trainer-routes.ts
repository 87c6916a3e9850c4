// The page that trains in the browser: it tells nothing of any run, and is isolated from other pages, so that it has threads.

import { Hono } from "hono";
import { NO_RUNTIME, readTrainerFile, trainerFiles } from "./trainer-files.js";

/** As the page's own says; here also for its worker. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; " +
  "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function trainerRoutes(): Hono {
  const routes = new Hono();
  routes.get("/:name{.*}", (context) => {
    const files = trainerFiles();
    if (files === undefined) {
      const { expected, found, remedy } = NO_RUNTIME;
      return context.text(`Expected ${expected}; found ${found}. ${remedy}, and reload.\n`, 404);
    }
    const asked = context.req.param("name") || "index.html";
    const file = files.find(({ name }) => name === asked);
    if (file === undefined) return context.text("Expected a file of the page that trains; found another name.\n", 404);
    context.header("Content-Security-Policy", POLICY);
    context.header("Cross-Origin-Embedder-Policy", "require-corp");
    return context.body(readTrainerFile(file), 200, { "Content-Type": file.type });
  });
  return routes;
}
