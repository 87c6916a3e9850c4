// mixedae dashboard: runs, studies and embeddings in a browser, served on this machine alone unless it is told otherwise.

import { existsSync } from "node:fs";
import { extname } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { printable } from "../terminal/printable.js";
import { formatBytes } from "../terminal/quantities.js";
import type { CliContext } from "./context.js";
import { overwriteOption } from "./evaluation-flags.js";
import { UsageError } from "./report-error.js";
import { exitCodeOf, listenForStop } from "./stop-signal.js";

interface DashboardFlags {
  readonly host: string;
  readonly port?: number;
}

/** Where runs usually lie. */
const USUAL_FOLDERS = ["runs", "studies"] as const;
const USUAL_PORT = 7007;

export function addDashboard(
  program: Command,
  context: CliContext,
  version: string,
  finish: (exitCode: number) => void,
): void {
  const dashboard = program
    .command("dashboard")
    .summary("look at runs, studies and embeddings in a browser")
    .description(
      "Serves a page on which runs are compared while they go on: curves, pictures, warnings, configurations; and on " +
        "which embedded images are a map. It only reads, fetches nothing from elsewhere, and answers only to the address that it prints, which holds a random token.",
    );
  dashboard
    .command("serve [folders...]", { isDefault: true })
    .description("serve runs, studies and embeddings below these folders (the same as mixedae dashboard FOLDERS)")
    .option("--host <name>", "where to listen; another than localhost lets other machines connect", "localhost")
    .option("--port <number>", `port to listen on (default: ${USUAL_PORT}, or any free one)`, portNumber)
    .addHelpText(
      "after",
      [
        "",
        "Without folders, it shows those in runs and studies of the current folder.",
        "",
        "Examples:",
        "  mixedae dashboard",
        "  mixedae dashboard runs/first studies/fashion",
        "  ssh -L 7007:localhost:7007 MACHINE mixedae dashboard runs   (from elsewhere, without --host)",
      ].join("\n"),
    )
    .action(async (folders: string[], flags: DashboardFlags) => {
      finish(await serve(context, version, folders, flags));
    });
  dashboard
    .command("export <run>")
    .description("write a run's page as one file: curves, pictures, warnings and configuration, to be opened anywhere")
    .requiredOption("--out <file>", "file to write, such as run.html")
    .addOption(overwriteOption())
    .addHelpText("after", "\nExample:\n  mixedae dashboard export runs/first --out first.html")
    .action(async (run: string, { out, overwrite }: { out: string; overwrite: boolean }) => {
      if (!existsSync(run)) throw new UsageError(`There is no folder ${run}`);
      if (extname(out) !== ".html") {
        throw new UsageError(`--out: expected a name that ends in .html; found ${out}`);
      }
      if (existsSync(out) && !overwrite) {
        throw new UsageError(`${out} exists already. Choose another file, or add --overwrite`);
      }
      const { exportPage } = await import("../dashboard/export-page.js");
      const bytes = await exportPage(run, out, { version });
      context.stdout.write(
        `Wrote ${printable(out)}, ${formatBytes(bytes)}. It needs nothing else: open it in any browser.\n`,
      );
    });
  dashboard
    .command("trainer")
    .description("write the page that trains in a browser as a folder of files, to be put on any web server")
    .requiredOption("--out <folder>", "new folder to write")
    .addHelpText("after", "\nExample:\n  mixedae dashboard trainer --out site")
    .action(async ({ out }: { out: string }) => {
      if (existsSync(out)) throw new UsageError(`${out} exists already. Choose another folder`);
      const { exportTrainer } = await import("../dashboard/export-trainer.js");
      const bytes = await exportTrainer(out);
      context.stdout.write(
        `Wrote ${printable(out)}, ${formatBytes(bytes)}. With the headers Cross-Origin-Opener-Policy: same-origin and ` +
          "Cross-Origin-Embedder-Policy: require-corp, it trains on all cores; without them, on one.\n",
      );
    });
}

async function serve(
  { stdout, stderr }: CliContext,
  version: string,
  given: readonly string[],
  { host, port }: DashboardFlags,
): Promise<number> {
  const folders = given.length > 0 ? given : USUAL_FOLDERS.filter((folder) => existsSync(folder));
  if (folders.length === 0) {
    throw new UsageError(
      `Expected a folder ${USUAL_FOLDERS.join(" or ")} here; found neither. Name the folders to show: ` +
        "mixedae dashboard FOLDERS",
    );
  }
  const absent = folders.filter((folder) => !existsSync(folder));
  if (absent.length > 0) throw new UsageError(`There is no folder ${absent.join(", ")}`);
  const { isLoopback } = await import("../dashboard/access.js");
  const { serveDashboard } = await import("../dashboard/serve.js");
  const options = { version, host, port: port ?? USUAL_PORT, anyPort: port === undefined };
  const stop = listenForStop(() => {});
  const server = await serveDashboard(folders, options);
  try {
    const { runs, studies, embeddings, notes } = await server.catalogue.overview();
    const found = [
      counted(runs.length, "run", "runs"),
      counted(studies.length, "study", "studies"),
      counted(embeddings.length, "embedding", "embeddings"),
    ];
    stdout.write(`${found.join(", ")}\n`);
    for (const note of notes) stdout.write(`${printable(note)}\n`);
    stdout.write(`\n  ${server.address}\n\n`);
    if (!isLoopback(host)) {
      stderr.write(
        `warning: it listens on ${printable(host)}: whoever can reach this machine and knows the address sees every run. ` +
          "What is sent is not encrypted.\n",
      );
    }
    stdout.write("Whoever has this address can look; nothing is changed. Ctrl-C ends it.\n");
    await new Promise((done) => stop.signal.addEventListener("abort", done, { once: true }));
    return exitCodeOf(stop.received() ?? "SIGINT");
  } finally {
    stop.dispose();
    await server.close();
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("Expected a port from 0 to 65535, 0 for any free one.");
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
