// What mixing tells about a hidden patch, exactly, for Gaussian images: no more than masking where the images of a group
// are independent, more where they are not. The documentation's statement rests on this.
import { describe, expect, test } from "vitest";
import { drawAssignment } from "#src/methods/mixing.js";
import { randomStream } from "#src/random/index.js";

const [PATCHES, GROUP] = [12, 4];

/** Covariance of patch a of image i with patch b of image j: neighbours are alike, and images of a group by `alike`. */
function covariance(alike: number) {
  return ([i, a]: Place, [j, b]: Place) =>
    (i === j ? 1 : alike) * 0.7 ** Math.abs(a - b) + (i === j && a === b ? 0.1 : 0);
}

type Place = readonly [image: number, patch: number];

/** ln det of a covariance matrix, by Cholesky's decomposition. */
function logDeterminant(places: readonly Place[], cov: (a: Place, b: Place) => number): number {
  const size = places.length;
  const lower = Array.from({ length: size }, () => new Float64Array(size));
  let sum = 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = cov(places[row]!, places[column]!);
      for (let k = 0; k < column; k++) rest -= lower[row]![k]! * lower[column]![k]!;
      if (row === column) {
        expect(rest).toBeGreaterThan(0);
        lower[row]![row] = Math.sqrt(rest);
        sum += Math.log(rest);
      } else lower[row]![column] = rest / lower[column]![column]!;
    }
  }
  return sum;
}

/** I(seen; hidden) = (ln det S_seen + ln det S_hidden - ln det S_both) / 2, in nats. */
function information(seen: readonly Place[], hidden: readonly Place[], alike: number): number {
  const cov = covariance(alike);
  return (logDeterminant(seen, cov) + logDeterminant(hidden, cov) - logDeterminant([...seen, ...hidden], cov)) / 2;
}

/** For the first image of a group: the patches that MAE would see of it, those that are hidden, and the whole mixture. */
function placesOf(assignment: ArrayLike<number>) {
  const patches = Array.from({ length: PATCHES }, (_, patch) => patch);
  return {
    own: patches.filter((patch) => assignment[patch] === 0).map((patch): Place => [0, patch]),
    hidden: patches.filter((patch) => assignment[patch] !== 0).map((patch): Place => [0, patch]),
    mixture: patches.map((patch): Place => [assignment[patch]!, patch]),
  };
}

const assignments = Array.from({ length: 20 }, (_, index) =>
  drawAssignment(randomStream(11, "test", 0, index), PATCHES, GROUP),
);

describe("what the encoder's input tells about the hidden patches of an image", () => {
  test("is the same masked or mixed, where the images of a group are independent", () => {
    for (const assignment of assignments) {
      const { own, hidden, mixture } = placesOf(assignment);
      const masked = information(own, hidden, 0);
      expect(masked).toBeGreaterThan(0.1);
      expect(information(mixture, hidden, 0)).toBeCloseTo(masked, 10);
    }
  });

  test("is more mixed than masked, where they are not, and the more the more alike they are", () => {
    for (const assignment of assignments) {
      const { own, hidden, mixture } = placesOf(assignment);
      const masked = information(own, hidden, 0);
      const gains = [0.1, 0.3, 0.6].map((alike) => information(mixture, hidden, alike) - masked);
      expect(gains[0]).toBeGreaterThan(1e-4);
      expect(gains[1]).toBeGreaterThan(gains[0]!);
      expect(gains[2]).toBeGreaterThan(gains[1]!);
      // The image's own patches tell what they told.
      expect(information(own, hidden, 0.6)).toBeCloseTo(masked, 10);
    }
  });

  test("grows with the share that is seen: half of an image tells more than a quarter", () => {
    const halves = drawAssignment(randomStream(11, "test", 1, 0), PATCHES, 2);
    const { own, hidden } = placesOf(halves);
    const quarter = own.slice(0, PATCHES / 4);
    expect(information(own, hidden, 0)).toBeGreaterThan(information(quarter, hidden, 0));
  });
});
