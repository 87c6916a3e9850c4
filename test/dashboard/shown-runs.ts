// Folders with runs as the dashboard finds them, written without training; and requests as any program may send them.
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { hostname } from "node:os";
import { join } from "node:path";
import { resolveConfig } from "#src/config/config.js";
import { withFormatVersion } from "#src/config/format-version.js";
import { type Dashboard, serveDashboard } from "#src/dashboard/serve.js";

export const PNG = Buffer.from("iVBORw0KGgo=", "base64");
export const page = { html: "<!doctype html>page", script: "//script", style: "/*style*/" };
const TOKEN = "the-token";

export interface MadeRun {
  readonly steps?: number;
  readonly totalSteps?: number;
  readonly method?: "mae" | "mixedae";
  /** The last event; "none" is a run that was killed. */
  readonly end?: "finished" | "stopped" | "failed" | "none";
  /** Of a process that lives: this one. */
  readonly isLocked?: boolean;
  readonly lossOf?: (step: number) => number;
}

export function configOf(method: "mae" | "mixedae", totalSteps = 100) {
  return resolveConfig({
    source: "photos",
    method,
    model: { preset: "nano" },
    schedule: { steps: totalSteps, batchSize: 16 },
  });
}

export function stepLine(step: number, loss: number, method: "mae" | "mixedae" = "mae"): string {
  return JSON.stringify({
    ...{ step, epoch: 0, loss, reconstruction: loss, featureSpread: 0.5 },
    ...(method === "mixedae" && { topkPrecision: [0.25, 0.3, 0.4], contrastive: 4 }),
    ...{ lr: 0.001, gradientNorm: 1, imagesPerSecond: 100, stepSeconds: 0.16, dataWaitSeconds: 0.001 },
  });
}

export function eventLine(step: number, type: string, fields: object = {}): string {
  return JSON.stringify({ time: "2026-01-02T03:04:05.000Z", step, type, ...fields });
}

/** Returns the run's folder. */
export function writeRun(folder: string, run: MadeRun = {}): string {
  const { steps = 60, totalSteps = 100, method = "mae", end = "finished", isLocked = false } = run;
  const { lossOf = (step) => 2 / step + 0.5 } = run;
  mkdirSync(join(folder, "pictures"), { recursive: true });
  mkdirSync(join(folder, "checkpoints"), { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(withFormatVersion(configOf(method, totalSteps))));
  const lines = Array.from({ length: steps }, (_, index) => stepLine(index + 1, lossOf(index + 1), method));
  writeFileSync(join(folder, "metrics.jsonl"), lines.map((line) => `${line}\n`).join(""));
  const events = [
    eventLine(0, "phase", { label: "Compiling the training step", state: "began" }),
    ...(steps > 0 ? [eventLine(0, "announced", { totalSteps, doneSteps: 0, batchSize: 16, logEvery: "10s" })] : []),
    ...(steps > 40 ? [eventLine(40, "warning", { message: "Warning: something", sign: "some sign" })] : []),
    ...(end === "failed" ? [eventLine(steps, "failed", { message: "The loss is not finite" })] : []),
    ...(end === "finished" || end === "stopped" ? [eventLine(steps, "finished", { outcome: end, summary: null })] : []),
  ];
  writeFileSync(join(folder, "events.jsonl"), events.map((line) => `${line}\n`).join(""));
  writeFileSync(join(folder, "pictures/step-00000050.png"), PNG);
  writeFileSync(join(folder, "checkpoints/step-00000060.safetensors"), "");
  if (isLocked) {
    const since = new Date().toISOString();
    writeFileSync(join(folder, "lock"), JSON.stringify({ pid: process.pid, host: hostname(), started: "", since }));
  }
  return folder;
}

export function serveFolders(folders: readonly string[], host?: string): Promise<Dashboard> {
  return serveDashboard(folders, { version: "1.2.3", token: TOKEN, page, lookEvery: 20, host });
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** False for a request without the token. */
  readonly token?: string | false;
}

/** Paths go out as they are written, and headers may be forged. */
export function ask(dashboard: Dashboard, path: string, asked: Asked = {}): Promise<Answer> {
  const { hostname: host, port } = new URL(dashboard.address);
  const { token = TOKEN, method = "GET", body } = asked;
  const headers = { ...(token !== false && { authorization: `Bearer ${token}` }), ...asked.headers };
  return new Promise((done, fail) => {
    // A connection of its own: one that was kept may be closed by the server at the moment it is used again.
    const sent = request({ host, port, path, method, headers, agent: false }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => {
        const bytes = Buffer.concat(parts);
        done({ status: answer.statusCode!, headers: answer.headers, body: bytes, text: bytes.toString() });
      });
    });
    sent.on("error", fail);
    sent.end(body);
  });
}

/** The answer's JSON; fails where the answer is an error. */
export async function askFor<Value>(dashboard: Dashboard, path: string): Promise<Value> {
  const { status, text } = await ask(dashboard, path);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return JSON.parse(text) as Value;
}
