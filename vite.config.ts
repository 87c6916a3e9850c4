// Builds the page of the dashboard into dist: one script, one style sheet, nothing from elsewhere.

import { resolve } from "node:path";
import { defineConfig } from "vite";

export default defineConfig({
  root: resolve(import.meta.dirname, "src/dashboard/page"),
  base: "./",
  // A page that is opened without a server, as an export is, has nobody to ask for further files.
  build: {
    outDir: resolve(import.meta.dirname, "dist/dashboard/page"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        entryFileNames: "page.js",
        assetFileNames: "page[extname]",
        codeSplitting: false,
      },
    },
  },
});
