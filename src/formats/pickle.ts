// A pickle machine that executes nothing: it builds plain data, and refuses by name every global that its rules lack.
//
// It knows the opcodes that torch.save writes (protocols 2 to 5). Source: Lib/pickletools.py of CPython describes each.

import { FormatError } from "./errors.js";
import { ByteReader, opcodeName } from "./pickle-opcodes.js";
import {
  isDict,
  type PickleDict,
  PickleGlobal,
  PickleObject,
  type PickleRules,
  PickleTuple,
  type PickleValue,
} from "./pickle-values.js";

/** The most bytes of a pickle: those of large checkpoints, optimizer included, have one or two million. */
export const LARGEST_PICKLE = 1 << 24;
const MAX_OPERATIONS = 1_000_000;
const MAX_STACK = 500_000;
const MAX_DEPTH = 100;

/** Runs a pickle. Throws FormatError for anything else than data and what the rules allow. */
export function readPickle(bytes: Uint8Array, rules: PickleRules): PickleValue {
  if (bytes.length > LARGEST_PICKLE) refuse(`${bytes.length} bytes are more than any list of weights takes`);
  return new Machine(bytes, rules).run();
}

class Machine {
  readonly #reader: ByteReader;
  readonly #rules: PickleRules;
  readonly #stack: PickleValue[] = [];
  /** Lengths of the stack at the marks that are still open. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  readonly #depths = new WeakMap<object, number>();

  constructor(bytes: Uint8Array, rules: PickleRules) {
    this.#reader = new ByteReader(bytes);
    this.#rules = rules;
  }

  run(): PickleValue {
    const reader = this.#reader;
    for (let operations = 0; ; operations++) {
      if (operations === MAX_OPERATIONS) refuse(`it has more than ${MAX_OPERATIONS} operations`);
      if (this.#stack.length > MAX_STACK) refuse(`more than ${MAX_STACK} values wait on its stack`);
      const position = reader.position;
      const opcode = reader.byte();
      if (opcode === 0x2e) break;
      if (!this.#structure(opcode) && !this.#scalar(opcode)) {
        refuse(`byte ${position} holds the opcode ${opcodeName(opcode)}, which torch.save does not write`);
      }
    }
    if (this.#stack.length !== 1 || this.#marks.length !== 0) {
      refuse(`it ends with ${this.#stack.length} values on the stack, not with one`);
    }
    return this.#stack[0]!;
  }

  /** Numbers, texts, and other single values; says whether the opcode was one of them. */
  #scalar(opcode: number): boolean {
    const reader = this.#reader;
    const push = (value: PickleValue) => {
      this.#stack.push(value);
      return true;
    };
    switch (opcode) {
      case 0x4e: // N
        return push(null);
      case 0x88: // NEWTRUE
        return push(true);
      case 0x89: // NEWFALSE
        return push(false);
      case 0x4a: // J
        return push(reader.view(4).getInt32(0, true));
      case 0x4b: // K
        return push(reader.byte());
      case 0x4d: // M
        return push(reader.view(2).getUint16(0, true));
      case 0x8a: // LONG1
        return push(reader.long(reader.byte()));
      case 0x47: // G
        return push(reader.view(8).getFloat64(0, false));
      case 0x58: // X
        return push(reader.text(reader.view(4).getUint32(0, true)));
      case 0x8c: // SHORT_BINUNICODE
        return push(reader.text(reader.byte()));
      case 0x8d: // BINUNICODE8
        return push(reader.text(reader.length64()));
      case 0x54: // T, a text of Python 2
        return push(reader.latin1(reader.view(4).getUint32(0, true)));
      case 0x55: // U, likewise
        return push(reader.latin1(reader.byte()));
      default:
        return false;
    }
  }

  /** Containers, the memo and globals; says whether the opcode was one of them. */
  #structure(opcode: number): boolean {
    const reader = this.#reader;
    const stack = this.#stack;
    switch (opcode) {
      case 0x80: // PROTO
        if (reader.byte() > 5) refuse("it is of a protocol after 5");
        break;
      case 0x95: // FRAME
        reader.length64();
        break;
      case 0x28: // (
        this.#marks.push(stack.length);
        if (this.#marks.length > MAX_DEPTH) refuse(`its values are nested more than ${MAX_DEPTH} deep`);
        break;
      case 0x30: // 0
        this.#pop();
        break;
      case 0x31: // 1
        this.#popMark();
        break;
      case 0x5d: // ]
        stack.push([]);
        break;
      case 0x7d: // }
        stack.push(new Map());
        break;
      case 0x61: // a
        this.#append([this.#pop()]);
        break;
      case 0x65: // e
        this.#append(this.#popMark());
        break;
      case 0x29: // )
        this.#tuple([]);
        break;
      case 0x74: // t
        this.#tuple(this.#popMark());
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#tuple(this.#popMany(opcode - 0x84));
        break;
      case 0x73: // s
        this.#setItemsOfTop(this.#popMany(2));
        break;
      case 0x75: // u
        this.#setItemsOfTop(this.#popMark());
        break;
      case 0x71: // q
        this.#memo.set(reader.byte(), this.#peek());
        break;
      case 0x72: // r
        this.#memo.set(reader.view(4).getUint32(0, true), this.#peek());
        break;
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#peek());
        break;
      case 0x68: // h
        stack.push(this.#remembered(reader.byte()));
        break;
      case 0x6a: // j
        stack.push(this.#remembered(reader.view(4).getUint32(0, true)));
        break;
      case 0x63: // c
        stack.push(this.#global(reader.line(), reader.line()));
        break;
      case 0x93: {
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") refuse("a global's name is not a text");
        stack.push(this.#global(module, name));
        break;
      }
      case 0x51: // Q
        stack.push(this.#rules.persistent(this.#pop()));
        break;
      case 0x52: // R
      case 0x81: // NEWOBJ
        this.#call();
        break;
      case 0x62: // b
        this.#build();
        break;
      default:
        return false;
    }
    return true;
  }

  #pop(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) refuse("it takes a value from an empty stack");
    return this.#stack.pop()!;
  }

  #peek(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) refuse("it takes a value from an empty stack");
    return this.#stack.at(-1)!;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < count) refuse("it takes a value from an empty stack");
    return this.#stack.splice(this.#stack.length - count);
  }

  #popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) return refuse("it closes a list that it did not open");
    return this.#stack.splice(mark);
  }

  /** Containers are built from the inside out, so that a container's depth is known when it is closed. */
  #deepen(container: object, items: readonly PickleValue[]): void {
    let depth = this.#depths.get(container) ?? 0;
    for (const item of items) {
      if (typeof item !== "object" || item === null) continue;
      depth = Math.max(depth, (this.#depths.get(item) ?? 0) + 1);
    }
    if (depth > MAX_DEPTH) refuse(`its values are nested more than ${MAX_DEPTH} deep`);
    if (depth > 0) this.#depths.set(container, depth);
  }

  #tuple(items: readonly PickleValue[]): void {
    const tuple = new PickleTuple(items);
    this.#deepen(tuple, items);
    this.#stack.push(tuple);
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#peek();
    if (!Array.isArray(list)) refuse("it appends to something that is not a list");
    this.#deepen(list, items);
    for (const item of items) list.push(item);
  }

  #setItemsOfTop(items: readonly PickleValue[]): void {
    const dict = this.#peek();
    if (!isDict(dict)) refuse("it sets items of something that is not a dict");
    this.#fill(dict, items);
  }

  #fill(dict: PickleDict, items: readonly PickleValue[]): void {
    if (items.length % 2 !== 0) refuse("a dict has a key without a value");
    this.#deepen(dict, items);
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!;
      if (typeof key === "object" && key !== null) refuse("a dict has a key that is neither text nor number");
      dict.set(key, items[i + 1]!);
    }
  }

  #remembered(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) return refuse(`it refers to value ${index}, which it has not kept`);
    return value;
  }

  #global(module: string, name: string): PickleGlobal {
    const full = `${module}.${name}`;
    const found = this.#rules.globals.get(full);
    if (found !== undefined) return found;
    return refuse(
      `it refers to ${shown(full)}, which weights have no need of; nothing of it was executed. ` +
        `Only ${this.#rules.allowed} are read. If you trust the file, load it in Python ` +
        "and save the state dict alone",
    );
  }

  #call(): void {
    const [callable, args] = this.#popMany(2);
    if (!(callable instanceof PickleGlobal)) refuse("it calls something that is not a global");
    if (!(args instanceof PickleTuple)) refuse(`it calls ${callable.name} without a tuple of arguments`);
    if (callable.call === undefined) refuse(`it calls ${callable.name}, which is only a name here`);
    const result = callable.call(args.items);
    if (typeof result === "object" && result !== null) this.#deepen(result, args.items);
    this.#stack.push(result);
  }

  /** Attributes: of an inert object they are kept, of a dict (`_metadata` of PyTorch's state dicts) dropped. */
  #build(): void {
    const state = this.#pop();
    const target = this.#peek();
    if (target instanceof PickleObject) {
      this.#deepen(target, [state]);
      target.state = state;
    } else if (!isDict(target)) refuse("it sets attributes of something that has none");
  }
}

function shown(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name).slice(1, -1);
}

function refuse(problem: string): never {
  throw new FormatError("pickle", problem);
}
