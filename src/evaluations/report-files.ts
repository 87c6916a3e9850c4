// The files of a report: JSON, and for some evaluations a picture beside it.

import { writeAtomically } from "../files/atomic-write.js";

/** The picture beside a report (.json). */
export function picturePath(report: string): string {
  return report.replace(/\.json$/, ".png");
}

/** Writes over whatever is there: see `prepareOutputs`. Returns the paths. Throws StorageError. */
export async function writeReportFiles(out: string, report: object, picture?: Uint8Array): Promise<readonly string[]> {
  const pictures = picture === undefined ? [] : [picturePath(out)];
  for (const path of pictures) await writeAtomically(path, [picture!]);
  await writeAtomically(out, [Buffer.from(`${JSON.stringify(report, null, 2)}\n`)]);
  return [out, ...pictures];
}
