// How a study names things: in file names, across machines, and to people.

/** A name that is fit for a file or a folder, such as "knn-accuracy". */
export function fileName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** The last two names of a path: the same set lies elsewhere on another machine, and these stand for it. */
export function lastNames(path: string): string {
  return path.split(/[\\/]/).slice(-2).join("/");
}

/** "10%". */
export function shareText(fraction: number): string {
  return `${percentOf(fraction)}%`;
}

/** 10 of 0.1, without the noise of floating point. */
export function percentOf(fraction: number): number {
  return Number((100 * fraction).toPrecision(3));
}
