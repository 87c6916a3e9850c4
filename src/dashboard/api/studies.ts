// What the server tells of studies: every score, means and differences.

export interface StudyRow {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly finished: number;
  readonly total: number;
  /** Where it cannot be read, why. */
  readonly problem: string | null;
  readonly lastActive: string | null;
}

export interface Dot {
  readonly seed: number;
  readonly value: number;
  /** The run behind it, or that of its encoder, where its folder is among the runs. */
  readonly run: string | null;
}

export interface Estimate {
  readonly mean: number;
  readonly deviation: number | null;
  readonly count: number;
}

export interface StudyCell {
  readonly fraction: number;
  readonly dots: readonly Dot[];
  readonly estimate: Estimate | null;
  /** Above the baseline, paired by seed; `margin` is half the width of the 95% interval. */
  readonly difference: (Estimate & { readonly margin: number | null }) | null;
}

export interface StudyEvaluation {
  readonly name: string;
  readonly task: string;
  readonly measure: string;
  readonly unit: string;
  readonly digits: number;
  readonly testImages: number;
  /** What guessing gives, as shown. */
  readonly chance: number | null;
  readonly fractions: readonly number[];
  readonly variants: readonly { readonly name: string; readonly cells: readonly StudyCell[] }[];
}

export interface StudyPretraining {
  readonly variant: string;
  readonly seed: number;
  readonly method: string;
  readonly images: number;
  readonly seconds: number;
  readonly run: string | null;
}

export interface StudyDetail {
  readonly row: StudyRow;
  readonly folder: string;
  readonly about: string;
  readonly baseline: string;
  readonly evaluations: readonly StudyEvaluation[];
  readonly pretrainings: readonly StudyPretraining[];
}
