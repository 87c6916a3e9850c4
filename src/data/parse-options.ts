// Checks options at the door and turns what a schema finds into one readable error.

import type { z } from "zod";
import { DataOptionError } from "./errors.js";

/** The options with defaults filled in; `what` names them in the error. */
export function parseOptions<Output>(schema: z.ZodType<Output>, options: unknown, what: string): Output {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  throw new DataOptionError({
    expected: `${what} within limits`,
    found: result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
    remedy: "See the types of these options for their limits",
  });
}
