// The metrics of a run as columns of numbers, which grow with its file: of a long run only new lines are read.

import { readSync } from "node:fs";
import { LARGEST_TEXT } from "../files/regular-file.js";
import { withDescriptor } from "../files/storage.js";
import { wholeLines } from "../files/whole-lines.js";

/** Before what was read, as many bytes tell whether the file is still the same. */
const MARK_BYTES = 256;

/** More than any method has: what a damaged file claims is not held. */
const MOST_METRICS = 200;
const MOST_BLOCKS = 200;

export interface Column {
  readonly metric: string;
  /** Of a metric with a value for each block. */
  readonly block: number | null;
  /** One value a row; NaN where the step does not have it. At least as long as there are rows. */
  values: Float64Array;
}

export class MetricsTable {
  /** By metric, in the order in which they first came: the value itself, and behind it those of the blocks. */
  #columns = new Map<string, (Column | undefined)[]>();
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
    return [...this.#columns.values()].flatMap((blocks) => blocks.filter((column) => column !== undefined));
  }

  /** Reads what was added since; everything again where the file was cut or replaced. Throws StorageError. */
  async update(path: string): Promise<void> {
    await withDescriptor(path, async (descriptor) => {
      if (!this.#isSame(descriptor)) this.#clear();
      for await (const line of wholeLines(descriptor, LARGEST_TEXT, this.#offset)) {
        this.#offset += line.length + 1;
        this.#add(line);
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

  /** What is no step's line, or comes again, is left out: the line that came first counts, as wherever metrics are read. */
  #add(line: Buffer): void {
    const values = parsed(line);
    if (values === undefined || values.step <= (this.#steps[this.#rows - 1] ?? 0)) return;
    const row = this.#rows++;
    if (row >= this.#steps.length) this.#grow(2 * this.#steps.length);
    this.#steps[row] = values.step;
    const { stepSeconds } = values;
    this.#seconds[row] =
      (row === 0 ? 0 : this.#seconds[row - 1]!) + (typeof stepSeconds === "number" ? stepSeconds : 0);
    // Plain loops: of a long run there are some million values.
    for (const metric in values) {
      const value = values[metric];
      if (metric === "step") continue;
      if (typeof value === "number") this.#set(metric, null, row, value);
      else if (Array.isArray(value)) {
        for (let block = 0; block < Math.min(value.length, MOST_BLOCKS); block++) {
          const each: unknown = value[block];
          if (typeof each === "number") this.#set(metric, block, row, each);
        }
      }
    }
  }

  #set(metric: string, block: number | null, row: number, value: number): void {
    let blocks = this.#columns.get(metric);
    if (blocks === undefined) {
      if (this.#columns.size >= MOST_METRICS) return;
      blocks = [];
      this.#columns.set(metric, blocks);
    }
    const place = block === null ? 0 : block + 1;
    let column = blocks[place];
    if (column === undefined) {
      column = { metric, block, values: new Float64Array(this.#steps.length).fill(Number.NaN) };
      blocks[place] = column;
    }
    column.values[row] = value;
  }

  #grow(length: number): void {
    const grown = (values: Float64Array) => {
      const copy = new Float64Array(length).fill(Number.NaN);
      copy.set(values);
      return copy;
    };
    this.#steps = grown(this.#steps);
    this.#seconds = grown(this.#seconds);
    for (const column of this.columns) column.values = grown(column.values);
  }
}

interface StepLine {
  readonly step: number;
  readonly [metric: string]: unknown;
}

function parsed(line: Buffer): StepLine | undefined {
  try {
    const value: unknown = JSON.parse(line.toString("utf8"));
    if (typeof value !== "object" || value === null || !("step" in value)) return undefined;
    return Number.isSafeInteger(value.step) && (value.step as number) >= 1 ? (value as StepLine) : undefined;
  } catch {
    return undefined;
  }
}

function markBefore(descriptor: number, offset: number): Buffer {
  const length = Math.min(MARK_BYTES, offset);
  const bytes = Buffer.alloc(length);
  const count = length === 0 ? 0 : readSync(descriptor, bytes, 0, length, offset - length);
  return bytes.subarray(0, count);
}
