// Checks that a value from a text is a tree of moderate depth, so that what walks over it afterwards comes to an end.

/** No configuration, recipe or record of ours is nested a tenth as deep. */
export const DEEPEST = 64;

/** What is wrong with a value's nesting, in words that follow "it" or "a value that"; undefined where it is sound. */
export function nestingFault(value: unknown): string | undefined {
  const above = new Set<object>();
  const visit = (inner: unknown): string | undefined => {
    if (typeof inner !== "object" || inner === null) return undefined;
    if (above.has(inner)) return "contains itself: an alias refers to what it is a part of";
    if (above.size === DEEPEST) return `is nested more than ${DEEPEST} levels deep`;
    above.add(inner);
    for (const each of Object.values(inner)) {
      const fault = visit(each);
      if (fault !== undefined) return fault;
    }
    above.delete(inner);
    return undefined;
  };
  return visit(value);
}
