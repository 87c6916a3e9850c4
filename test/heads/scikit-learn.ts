// Whether scikit-learn is there to compare with.
import { execFileSync } from "node:child_process";

/** Why it cannot be used, or undefined where it can. */
export const scikitLearnMissing = ((): string | undefined => {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import sklearn, numpy"], { stdio: "pipe" });
    return undefined;
  } catch {
    return "needs Debian's python3-sklearn";
  }
})();
