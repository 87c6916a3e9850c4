// Says which files that a command is given are not there, all at once.

import { existsSync, statSync } from "node:fs";
import { UsageError } from "./usage-error.js";

/** Throws UsageError that names the features, if they are missing, and those images that are. */
export function checkFeatureFiles(features: string, images: readonly string[] = []): void {
  const problems: string[] = [];
  if (!existsSync(features) || statSync(features).isDirectory()) problems.push(missingFeatures(features));
  const missing = images.filter((path) => !existsSync(path) || statSync(path).isDirectory());
  if (missing.length === 1) problems.push(`There is no file ${missing[0]}`);
  if (missing.length > 1) problems.push(`There are no files ${missing.join(", ")}`);
  if (problems.length > 0) throw new UsageError(problems.join(". "));
}

function missingFeatures(path: string): string {
  return existsSync(`${path}.partial`)
    ? `The features ${path} are not finished: call the same mixedae embed command again, or wait until it ends`
    : `There are no features ${path}: expected the .npy file that mixedae embed writes`;
}
