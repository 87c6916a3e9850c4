// Flags that can be given several times.

/** For commander: adds a value to those that came before it. */
export function collect(value: string, former: readonly string[] = []): readonly string[] {
  return [...former, value];
}
