// The methods that there are, as a type. Open: a program that registers a method of its own names it here.
import type { dino } from "./dino/method.js";
import type { ibot } from "./ibot/method.js";
import type { mae } from "./mae.js";
import type { mixedAe, naiveMixing } from "./mixed-ae.js";
import type { simmim } from "./simmim.js";

/**
 * The methods by name. With `declare module "mixedae/methods" { interface RegisteredMethods { mine: typeof mine } }`,
 * configurations take the method `mine` and its options; `registerMethod` is what makes it work.
 */
export interface RegisteredMethods {
  readonly mae: typeof mae;
  readonly mixing: typeof naiveMixing;
  readonly mixedae: typeof mixedAe;
  readonly ibot: typeof ibot;
  readonly simmim: typeof simmim;
  readonly dino: typeof dino;
}
