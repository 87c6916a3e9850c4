// Parameters: named leaves of a program, with how they start and whether weight decay applies to them.
import { input, type Shape, type Tensor } from "../graph/index.js";
import type { Initializer } from "./initializers.js";

/** A trained tensor of a model. */
export interface Parameter {
  /** The attribute path, equal to the name in the official MAE and timm checkpoints. */
  readonly name: string;
  readonly tensor: Tensor;
  readonly initialize: Initializer;
  readonly decay: boolean;
}

/** How a parameter is treated. */
export interface ParameterOptions {
  /** Whether weight decay applies; by default to tensors of two or more axes. */
  readonly decay?: boolean;
}

/** Collects the parameters of a model while its layers are made; a scope prefixes their names. */
export class ParameterScope {
  readonly #list: Parameter[];
  readonly #prefix: string;

  constructor(list: Parameter[] = [], prefix = "") {
    this.#list = list;
    this.#prefix = prefix;
  }

  /** The scope of a layer within this one: its parameters' names begin with `name.` */
  in(name: string): ParameterScope {
    return new ParameterScope(this.#list, `${this.#prefix}${name}.`);
  }

  /** The full name of what this scope calls `name`. */
  nameOf(name: string): string {
    return this.#prefix + name;
  }

  /** Makes a parameter of this scope, and returns the tensor to compute with. */
  create(name: string, shape: Shape, initialize: Initializer, { decay = shape.length >= 2 }: ParameterOptions = {}) {
    const tensor = input(this.nameOf(name), shape);
    this.#list.push({ name: this.nameOf(name), tensor, initialize, decay });
    return tensor;
  }

  /** All parameters made so far, in the order in which they were made. */
  get parameters(): readonly Parameter[] {
    return this.#list;
  }
}
