// Switches off the telemetry of ONNX Runtime; takes effect only if it comes before the library is loaded.
import { isMainThread } from "node:worker_threads";
import { EngineError } from "../errors.js";

/** Read by the library's Linux and macOS builds as they are loaded; their Windows builds send nothing themselves. */
const VARIABLE = "ORT_DISABLE_TELEMETRY";

// Whatever the user's environment says. Child processes inherit it.
process.env[VARIABLE] = "1";

// A worker thread has a copy of the environment, which native code does not see.
if (!isMainThread && processEnvironment()[VARIABLE] !== "1") {
  throw new EngineError(
    "The engine was loaded by a worker thread whose main thread has not switched off its telemetry, and a worker " +
      'thread cannot do so. Import "mixedae" on the main thread first, before it starts the worker, or start Node.js ' +
      `with ${VARIABLE}=1 in its environment`,
  );
}

/** The environment of the process, as native code sees it. */
function processEnvironment(): Readonly<Record<string, string>> {
  // The types of Node.js 20 lack the property.
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  const { excludeNetwork = false } = report;
  // Otherwise a report looks up the names of connected hosts.
  report.excludeNetwork = true;
  try {
    return (report.getReport() as { environmentVariables?: Record<string, string> }).environmentVariables ?? {};
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}
