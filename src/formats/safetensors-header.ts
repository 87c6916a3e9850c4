// The JSON header of a safetensors file: read without trust, key by key.

import { FormatError } from "./errors.js";

/** The format keeps this name for an object of strings. */
export const METADATA = "__metadata__";
/** No tensor library has more axes; the bound keeps a hostile header from growing arrays of ones. */
export const MAX_RANK = 64;
/** A hundred times the tensors of the largest vision transformer with its optimizer; once read, each takes a kilobyte. */
export const MAX_KEYS = 1 << 17;

export type Offsets = readonly [begin: number, end: number];

/** A tensor as the header states it; whether the three fit together is not checked here. */
export interface DeclaredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly offsets: Offsets;
}

export interface ParsedHeader {
  /** Without a prototype, so that any key is safe. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly declared: readonly (readonly [name: string, tensor: DeclaredTensor])[];
}

/** Reads the JSON text of a header; throws FormatError where it is not exactly what the format allows. */
export function parseHeader(text: string): ParsedHeader {
  return new HeaderReader(text).read();
}

/**
 * Reads exactly the JSON that a header may hold. JSON.parse would keep the last of two equal keys without a word,
 * build any nesting that it is given and round large integers.
 */
class HeaderReader {
  private position = 0;

  constructor(private readonly text: string) {}

  read(): ParsedHeader {
    let metadata: Record<string, string> = Object.create(null);
    const declared: [string, DeclaredTensor][] = [];
    this.object((name) => {
      if (name === METADATA) metadata = this.metadata();
      else declared.push([name, this.tensor(name)]);
    });
    if (this.peek() !== "") this.unexpected("the end of the header");
    return { metadata, declared };
  }

  private metadata(): Record<string, string> {
    const metadata: Record<string, string> = Object.create(null);
    this.object((key) => {
      metadata[key] = this.string();
    });
    return metadata;
  }

  private tensor(name: string): DeclaredTensor {
    let dtype: string | undefined;
    let shape: number[] | undefined;
    let offsets: Offsets | undefined;
    this.object((key) => {
      if (key === "dtype") dtype = this.string();
      else if (key === "shape") shape = this.integers(MAX_RANK);
      else if (key === "data_offsets") {
        const [begin, end, ...rest] = this.integers(3);
        if (begin === undefined || end === undefined || rest.length > 0) {
          refuse(`tensor ${shown(name)} needs two data_offsets`);
        }
        offsets = [begin, end];
      } else refuse(`tensor ${shown(name)} has an unknown field ${shown(key)}`);
    });
    if (dtype === undefined || !shape || !offsets) refuse(`tensor ${shown(name)} lacks dtype, shape or data_offsets`);
    return { dtype, shape, offsets };
  }

  /** `{"key": value, ...}` where `value` reads each value; keys must differ. */
  private object(value: (key: string) => void): void {
    const keys = new Set<string>();
    this.list("{", "}", () => {
      const key = this.string();
      if (keys.has(key)) refuse(`the key ${shown(key)} is given twice`);
      if (keys.size === MAX_KEYS) refuse(`more than ${MAX_KEYS} names`);
      keys.add(key);
      this.take(":");
      value(key);
    });
  }

  private integers(most: number): number[] {
    const values: number[] = [];
    this.list("[", "]", () => {
      if (values.length === most) refuse(`a list of more than ${most} integers at character ${this.position}`);
      values.push(this.integer());
    });
    return values;
  }

  private list(open: string, close: string, item: () => void): void {
    this.take(open);
    if (this.peek() !== close) {
      item();
      while (this.peek() === ",") {
        this.position++;
        item();
      }
    }
    this.take(close);
  }

  private integer(): number {
    this.peek();
    const digits = /(?:0|[1-9]\d{0,15})(?![\d.eE])/y;
    digits.lastIndex = this.position;
    const value = Number(digits.exec(this.text)?.[0] ?? Number.NaN);
    if (!Number.isSafeInteger(value)) this.unexpected("an integer from 0 to 2^53 - 1");
    this.position = digits.lastIndex;
    return value;
  }

  private string(): string {
    if (this.peek() !== '"') this.unexpected("a string");
    const start = this.position;
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    this.position = end + 1;
    const literal = this.text.slice(start, this.position);
    try {
      const value: string = JSON.parse(literal);
      if (!isWellFormed(value)) refuse(`the string ${shown(value)} is not Unicode text`);
      return value;
    } catch (error) {
      if (error instanceof FormatError) throw error;
      return refuse(`${shown(literal)} at character ${start} is not a JSON string`);
    }
  }

  private take(wanted: string): void {
    if (this.peek() !== wanted) this.unexpected(`"${wanted}"`);
    this.position++;
  }

  /** The next character that is no JSON white space; empty at the end. */
  private peek(): string {
    while (" \n\r\t".includes(this.text[this.position] ?? "end")) this.position++;
    return this.text[this.position] ?? "";
  }

  private unexpected(wanted: string): never {
    const found = this.text[this.position];
    return refuse(`character ${this.position} should begin ${wanted}, not ${found ? shown(found) : "end the header"}`);
  }
}

/** With the u flag, only a surrogate without its other half matches. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** A name for a message: quoted, escaped and short, for it may come from a hostile file. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

export function refuse(problem: string): never {
  throw new FormatError("safetensors", problem);
}
