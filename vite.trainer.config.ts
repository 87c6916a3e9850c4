// Builds the page that trains into dist: a script, its worker, a style sheet, nothing from elsewhere.

import { resolve } from "node:path";
import { defineConfig } from "vite";

export default defineConfig({
  root: resolve(import.meta.dirname, "src/dashboard/page/trainer"),
  base: "./",
  build: {
    outDir: resolve(import.meta.dirname, "dist/dashboard/trainer"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: { entryFileNames: "train.js", assetFileNames: "train[extname]", codeSplitting: false },
    },
  },
  worker: {
    format: "es",
    rolldownOptions: { output: { entryFileNames: "train-worker.js" } },
  },
});
