// The metrics of a run as columns of numbers, which grow with its file: of a long run only new lines are read.

import { readSync } from "node:fs";
import { LARGEST_TEXT } from "../files/regular-file.js";
import { withDescriptor } from "../files/storage.js";
import { wholeLines } from "../files/whole-lines.js";
import { parseStep, type StepMetrics } from "../training/metrics-file.js";

/** Before what was read, as many bytes tell whether the file is still the same. */
const MARK_BYTES = 256;

export interface Column {
  readonly metric: string;
  /** Of a metric with a value for each block. */
  readonly block: number | null;
  /** One value a row; NaN where the step does not have it. At least as long as there are rows. */
  values: Float64Array;
}

export class MetricsTable {
  /** By `metric` or `metric.block`, in the order in which they first came. */
  #columns = new Map<string, Column>();
  #steps = new Float64Array(1024);
  #seconds = new Float64Array(1024);
  #rows = 0;
  #offset = 0;
  #mark: Buffer = Buffer.alloc(0);

  get rows(): number {
    return this.#rows;
  }

  /** In ascending order, one for each row. */
  get steps(): Float64Array {
    return this.#steps.subarray(0, this.#rows);
  }

  /** Of training, up to each step. */
  get seconds(): Float64Array {
    return this.#seconds.subarray(0, this.#rows);
  }

  get columns(): readonly Column[] {
    return [...this.#columns.values()];
  }

  /** Reads what was added since; everything again where the file was cut or replaced. Throws StorageError. */
  async update(path: string): Promise<void> {
    await withDescriptor(path, async (descriptor) => {
      if (!this.#isSame(descriptor)) this.#clear();
      for await (const line of wholeLines(descriptor, LARGEST_TEXT, this.#offset)) {
        this.#offset += line.length + 1;
        const metrics = parseStep(line.toString("utf8"));
        // The line that came first counts, as wherever metrics are read.
        if (metrics !== undefined && metrics.step > (this.#steps[this.#rows - 1] ?? 0)) this.#add(metrics);
      }
      this.#mark = markBefore(descriptor, this.#offset);
    });
  }

  #isSame(descriptor: number): boolean {
    return markBefore(descriptor, this.#offset).equals(this.#mark);
  }

  #clear(): void {
    this.#columns = new Map();
    this.#rows = 0;
    this.#offset = 0;
  }

  #add({ step, ...metrics }: StepMetrics): void {
    const row = this.#rows++;
    if (row >= this.#steps.length) this.#grow(2 * this.#steps.length);
    this.#steps[row] = step;
    const { stepSeconds } = metrics;
    this.#seconds[row] =
      (row === 0 ? 0 : this.#seconds[row - 1]!) + (typeof stepSeconds === "number" ? stepSeconds : 0);
    for (const [name, value] of Object.entries(metrics)) {
      if (typeof value === "number") this.#columnOf(name, null).values[row] = value;
      else for (const [block, each] of value.entries()) this.#columnOf(name, block).values[row] = each;
    }
  }

  #columnOf(metric: string, block: number | null): Column {
    const key = block === null ? metric : `${metric}.${block}`;
    let column = this.#columns.get(key);
    if (column === undefined) {
      column = { metric, block, values: new Float64Array(this.#steps.length).fill(Number.NaN) };
      this.#columns.set(key, column);
    }
    return column;
  }

  #grow(length: number): void {
    const grown = (values: Float64Array) => {
      const copy = new Float64Array(length).fill(Number.NaN);
      copy.set(values);
      return copy;
    };
    this.#steps = grown(this.#steps);
    this.#seconds = grown(this.#seconds);
    for (const column of this.#columns.values()) column.values = grown(column.values);
  }
}

function markBefore(descriptor: number, offset: number): Buffer {
  const length = Math.min(MARK_BYTES, offset);
  const bytes = Buffer.alloc(length);
  const count = length === 0 ? 0 : readSync(descriptor, bytes, 0, length, offset - length);
  return bytes.subarray(0, count);
}
