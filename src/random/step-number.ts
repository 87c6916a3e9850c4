// How steps are numbered: from 1, as people count them, in options, metrics, batches and the names of checkpoints.

/**
 * How many steps of the run come before this one: what is drawn for a step, and what changes over a run, is a function of
 * it. Throws RangeError for what is no step's number.
 */
export function stepsBefore(step: number): number {
  if (!Number.isSafeInteger(step) || step < 1) {
    throw new RangeError(`step: expected a whole number, counted from 1 over the whole run; found ${step}`);
  }
  return step - 1;
}
