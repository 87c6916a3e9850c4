// The values of arrays in main memory, which tests read and write where they lie.

import { HostArray } from "#src/engine/host-arrays.js";
import type { DeviceArray, DeviceArrays } from "#src/engine/index.js";

export function memoryOf(array: DeviceArray | undefined): Float32Array {
  if (!(array instanceof HostArray)) throw new TypeError("expected an array in main memory");
  return array.memory;
}

/** By the names of the tensors. */
export function viewsOf<Group>({ byName }: Pick<DeviceArrays<Group>, "byName">): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(byName).map(([name, array]) => [name, memoryOf(array)]));
}
