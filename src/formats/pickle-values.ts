// What a pickle holds: plain data, and the few objects that its reader's rules allow.

/** A value that is no plain data: what the rules' globals make, and the globals themselves. */
export abstract class PickleForeign {}

/** A tuple; lists are arrays, dicts are maps. */
export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

export type PickleKey = string | number | bigint | boolean | null;
export type PickleDict = Map<PickleKey, PickleValue>;
export type PickleValue = PickleKey | PickleValue[] | PickleTuple | PickleDict | PickleForeign;

/** A global that is allowed: what calling it makes from its arguments. Errors are FormatErrors. */
export class PickleGlobal extends PickleForeign {
  constructor(
    /** Module and name, such as "collections.OrderedDict". */
    readonly name: string,
    readonly call: ((args: readonly PickleValue[]) => PickleValue) | undefined,
  ) {
    super();
  }
}

/** An object of which nothing but its attributes is known; it does nothing. */
export class PickleObject extends PickleForeign {
  state: PickleValue = null;

  constructor(readonly className: string) {
    super();
  }
}

export interface PickleRules {
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** What they are, in words, for the message about any other. */
  readonly allowed: string;
  /** What a persistent id stands for. */
  persistent(id: PickleValue): PickleValue;
}

export function isDict(value: PickleValue): value is PickleDict {
  return value instanceof Map;
}
