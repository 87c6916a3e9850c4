// Programs over arrays of the same tensors, bound to them part by part.

import type { Binding, DeviceArray, DeviceArrays, Engine, Executable } from "../engine/index.js";
import type { Program } from "../graph/index.js";

export interface BoundPart<Group> {
  readonly group: Group;
  readonly binding: Binding;
}

/**
 * Compiles a program that treats every value alike, and binds it to each part of the arrays, in their order.
 * programOf: the program for a part of so many values. bind: ties it to the parts of the arrays, by their names here.
 */
export async function bindParts<Group, Name extends string>(
  engine: Engine,
  arrays: Readonly<Record<Name, DeviceArrays<Group>>>,
  programOf: (size: number) => Program,
  bind: (executable: Executable, part: Readonly<Record<Name, DeviceArray>>) => Binding,
): Promise<BoundPart<Group>[]> {
  const compiled = compiledBySize(engine, programOf);
  const named = Object.entries(arrays) as [Name, DeviceArrays<Group>][];
  return Promise.all(
    named[0]![1].parts.map(async ({ group, array }, index) => {
      const part = Object.fromEntries(named.map(([name, { parts }]) => [name, parts[index]!.array]));
      return { group, binding: bind(await compiled(array.length), part as Record<Name, DeviceArray>) };
    }),
  );
}

/** Arrays of one size share a compiled program. */
export function compiledBySize(
  engine: Engine,
  programOf: (size: number) => Program,
): (size: number) => Promise<Executable> {
  const compiled = new Map<number, Promise<Executable>>();
  return (size) => {
    const known = compiled.get(size) ?? engine.compile(programOf(size));
    compiled.set(size, known);
    return known;
  };
}
