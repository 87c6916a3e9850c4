// npm run bench -- step [--json]: measures, and prints a table or one JSON array.
import { parseArgs } from "node:util";
import { benchSteps } from "./step.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "7" },
    "no-torch": { type: "boolean", default: false },
  },
});

if (positionals.length !== 1 || positionals[0] !== "step") {
  process.stderr.write("usage: npm run bench -- step [--json] [--threads N] [--rounds N] [--no-torch]\n");
  process.exit(2);
}

const reports = await benchSteps(
  { threads: Number(values.threads), rounds: Number(values.rounds), torch: !values["no-torch"] },
  (line) => process.stderr.write(`${line}\n`),
);
if (values.json) process.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
else console.table(reports);
