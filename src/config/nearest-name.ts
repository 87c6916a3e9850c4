// Which of the valid names somebody probably meant.

/**
 * The candidate nearest in spelling, or undefined when none is near. Case, dashes and underscores do not count, and a
 * name that a candidate contains is nearer than any misspelling.
 */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  // No name is so long, and the time to compare grows with the length.
  if (name.length > 100) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = spellingDistance(plain(name), plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return bestDistance <= Math.max(1, Math.floor(name.length / 3)) ? best : undefined;
}

function plain(name: string): string {
  return name.replace(/[-_\s]/g, "").toLowerCase();
}

function spellingDistance(name: string, candidate: string): number {
  if (name === candidate) return 0;
  return name.length >= 3 && candidate.includes(name) ? 0.5 : editDistance(name, candidate);
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [];
  for (let i = 0; i <= a.length; i++) {
    const row: number[] = [];
    for (let j = 0; j <= b.length; j++) {
      if (i === 0 || j === 0) {
        row.push(i + j);
        continue;
      }
      const above = rows[i - 1]!;
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, rows[i - 2]![j - 2]! + 1);
      }
      row.push(cost);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
