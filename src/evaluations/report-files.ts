// The names of a report's files, known before there is a report.

/** The picture beside a report (.json). */
export function picturePath(report: string): string {
  return report.replace(/\.json$/, ".png");
}
