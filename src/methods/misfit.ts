// Sentences about values that do not fit together: where, what was expected, what was found, what to take.

export function misfit(key: string, found: number | string, expected: string, suggestion: string): string {
  return `${key}: expected ${expected}; found ${found}. ${suggestion}`;
}

export function nearMultiples(value: number, of: number): string {
  const below = Math.floor(value / of) * of;
  return below === 0 ? `Take ${of}` : `Take ${below} or ${below + of}`;
}

/** 1/4 as "0.25". */
export function shareText(group: number): string {
  return Number((1 / group).toFixed(4)).toString();
}
