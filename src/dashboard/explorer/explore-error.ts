// What there is to say to a person where a mixture cannot be explored.

export class ExploreError extends Error {
  override readonly name = "ExploreError";
}
