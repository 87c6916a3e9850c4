// The built page: a few files that are read once, so that no request names a file.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RunDirectoryError } from "../training/errors.js";

export interface PageFiles {
  readonly html: string;
  readonly script: string;
  readonly style: string;
}

const built = fileURLToPath(new URL("./page/", import.meta.url));

/** Throws RunDirectoryError where the page was not built. */
export function readPageFiles(): PageFiles {
  try {
    const read = (name: string) => readFileSync(`${built}${name}`, "utf8");
    return { html: read("index.html"), script: read("page.js"), style: read("page.css") };
  } catch {
    throw new RunDirectoryError(
      `Expected the built page of the dashboard in ${built}; found none. Run npm run build, or install mixedae again`,
    );
  }
}
