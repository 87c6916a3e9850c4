// The peak of memory while files are embedded, few and many: each in a process of its own.
import { fork } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { benchEmbeddingFiles, type EmbedFilesReport } from "./embed.js";

export interface MemoryReport extends EmbedFilesReport {
  readonly peakMemoryMiB: number;
}

/** Embeds so many links to the files of a folder. They are made in a new folder, and are gone afterwards. */
export async function benchEmbedMemory(
  from: string,
  source: string,
  counts: readonly number[],
  threads: number,
): Promise<MemoryReport[]> {
  const names = readdirSync(source).filter((name) => /\.(png|jpe?g|webp)$/i.test(name));
  const reports: MemoryReport[] = [];
  for (const count of counts) {
    const folder = mkdtempSync(join(tmpdir(), "mixedae-files-"));
    try {
      for (let index = 0; index < count; index++) {
        const part = join(folder, String(Math.floor(index / 1000)));
        if (index % 1000 === 0) mkdirSync(part);
        linkSync(join(source, names[index % names.length]!), join(part, `${index}.png`));
      }
      reports.push(await inChildProcess(from, folder, threads));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return reports;
}

function inChildProcess(from: string, folder: string, threads: number): Promise<MemoryReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [from, folder, String(threads)]);
    child.once("message", (message) => resolve(message as MemoryReport));
    child.once("exit", (code) => reject(new Error(`embedding ${folder} ended with code ${code}`)));
  });
}

if (process.send !== undefined) {
  const [from, folder, threads] = process.argv.slice(2) as [string, string, string];
  const report = await benchEmbeddingFiles(from, folder, Number(threads));
  process.send({ ...report, peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024) });
  process.exit(0);
}
