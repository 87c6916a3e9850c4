// The page that trains, in a real browser: it learns, pauses, is saved and gone on from, and says what is wrong.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportTrainer } from "#src/dashboard/export-trainer.js";
import { type Dashboard, serveDashboard } from "#src/dashboard/serve.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { patternImage } from "../data/image-files.js";
import { sharedFolder } from "../evaluations/tiny-sets.js";
import { chromiumPath, launchChromium, watchedPage } from "./chromium.js";

const at = sharedFolder();
let browser: Browser;
let dashboard: Dashboard;
const faults: string[] = [];

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  beforeAll(async () => {
    browser = await launchChromium();
    mkdirSync(at("runs"));
    dashboard = await serveDashboard([at("runs")], { version: "1.2.3" });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await dashboard?.close();
  });

  test("the dashboard leads to it, and needs no token for it; it asks nobody else for anything", async () => {
    const page = await watchedPage(browser, faults);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(dashboard.address);
    await page.getByRole("link", { name: "Train" }).click();
    await page.getByText("Nothing leaves it.").waitFor();
    await page.getByRole("spinbutton", { name: "Steps" }).fill("3");
    await page.getByRole("spinbutton", { name: "Images a step" }).fill("8");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("Finished: step 3 of 3").waitFor({ timeout: 60_000 });
    const { origin } = new URL(dashboard.address);
    expect(asked.filter((url) => !url.startsWith(origin) && !/^(blob|data):/.test(url))).toEqual([]);
    expect(asked.some((url) => url.endsWith(".wasm"))).toBe(true);
    await page.context().close();
  }, 90_000);

  test("it learns, shows what it reconstructs and recognises, pauses and goes on", async () => {
    const page = await open();
    await page.getByRole("spinbutton", { name: "Steps" }).fill("400");
    await page.getByRole("spinbutton", { name: "Images a step" }).fill("8");
    await page.getByRole("button", { name: "Start" }).click();
    const progress = page.getByRole("region", { name: "Progress" });
    await progress.getByText(/step \d+ of 400, \d+ images a second/).waitFor({ timeout: 60_000 });
    await page.getByRole("region", { name: "Loss" }).waitFor();
    expect(await page.getByRole("region", { name: "Recognition, by block" }).getByRole("listitem").count()).toBe(3);
    expect(await page.getByRole("img", { name: /^Image \d, reconstructed$/ }).count()).toBe(8);
    await progress.getByRole("button", { name: "Pause" }).click();
    await progress.getByText("Paused: step").waitFor();
    const paused = stepOf(await progress.innerText());
    // Also while it pauses, a mixture can be looked into.
    await page.getByText("Look into a mixture").click();
    await page.getByRole("button", { name: /^Row 2, column 3/ }).hover();
    const said = page.locator(".live-mixture .said");
    await expect.poll(() => said.textContent()).toMatch(/^Row 2, column 3, of image [A-D], keeps \d+ other patches/);
    await page.getByText(`as it was after step ${paused.toLocaleString("en-US")}`).waitFor();
    const mixture = () => page.evaluate<string>(`document.querySelector(".mixture canvas").toDataURL()`);
    const before = await mixture();
    await page.getByRole("button", { name: "Another mixture" }).click();
    await expect.poll(mixture).not.toBe(before);
    await page.getByRole("checkbox", { name: "Segment embeddings" }).uncheck();
    await page.waitForTimeout(400);
    expect(stepOf(await progress.innerText())).toBe(paused);
    await progress.getByRole("button", { name: "Go on" }).click();
    await expect.poll(async () => stepOf(await progress.innerText())).toBeGreaterThan(paused);
    await page.context().close();
  }, 90_000);

  test("its checkpoint is one of the command line, and is gone on from to the same end", async () => {
    const page = await open();
    await page.getByRole("combobox", { name: "Method" }).selectOption("mae");
    await page.getByRole("spinbutton", { name: "Steps" }).fill("40");
    await page.getByRole("spinbutton", { name: "Images a step" }).fill("4");
    await page.getByRole("button", { name: "Start" }).click();
    const progress = page.getByRole("region", { name: "Progress" });
    await expect
      .poll(async () => stepOf(await progress.innerText().catch(() => "")), { timeout: 60_000 })
      .toBeGreaterThan(2);
    await progress.getByRole("button", { name: "Pause" }).click();
    await progress.getByText("Paused: step").waitFor();
    const saved = page.waitForEvent("download");
    await progress.getByRole("button", { name: "Download the checkpoint" }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toMatch(/^step-\d{8}\.safetensors$/);
    await download.saveAs(at("page.safetensors"));
    const { shape } = await loadPretrained(at("page.safetensors"));
    expect([shape.imageSize, shape.width]).toEqual([32, 96]);
    await progress.getByRole("button", { name: "Go on" }).click();
    await progress.getByText("Finished: step 40 of 40").waitFor({ timeout: 60_000 });
    const loss = page.getByRole("region", { name: "Loss" }).locator(".number");
    const end = await loss.textContent();
    await page.getByLabel("Go on from a checkpoint").setInputFiles(at("page.safetensors"));
    await expect
      .poll(async () => stepOf(await progress.innerText().catch(() => "")), { timeout: 60_000 })
      .toBeLessThan(40);
    await progress.getByText("Finished: step 40 of 40").waitFor({ timeout: 60_000 });
    expect(await loss.textContent()).toBe(end);
    await page.context().close();
  }, 120_000);

  test("own images are learnt from, those that are none are counted, and what is wrong is said in words", async () => {
    const page = await open();
    const files = await Promise.all(
      Array.from({ length: 9 }, async (_, index) => {
        const buffer = await patternImage(40, 30, index).png().toBuffer();
        return { name: `${index}.png`, mimeType: "image/png", buffer };
      }),
    );
    await page
      .getByLabel("Own images")
      .setInputFiles([...files, { name: "a.png", mimeType: "image/png", buffer: Buffer.from("x") }]);
    await page.getByText("10 own files").waitFor();
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("Expected at least 32 images").waitFor({ timeout: 60_000 });
    await page.getByRole("spinbutton", { name: "Images a step" }).fill("8");
    await page.getByRole("spinbutton", { name: "Steps" }).fill("2");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText(/9 images; 1 could not be read .*a\.png/).waitFor({ timeout: 60_000 });
    await page.getByText("Finished: step 2 of 2").waitFor();
    writeFileSync(at("none.safetensors"), "none");
    await page.getByLabel("Go on from a checkpoint").setInputFiles(at("none.safetensors"));
    await page.getByText("none.safetensors is not a usable checkpoint").waitFor();
    await page.context().close();
  }, 90_000);

  test("as a folder of files on any server it trains on one thread, and says why", async () => {
    const bytes = await exportTrainer(at("site"));
    expect(bytes).toBeGreaterThan(40_000_000);
    const server = await serveSite(at("site"));
    const page = await watchedPage(browser, faults);
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/some/folder/`);
    await page.getByText(/One thread trains: the server of this page does not isolate it/).waitFor();
    await page.getByText("on 1 thread of this machine").waitFor();
    await page.getByRole("spinbutton", { name: "Steps" }).fill("2");
    await page.getByRole("spinbutton", { name: "Images a step" }).fill("4");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByText("Finished: step 2 of 2").waitFor({ timeout: 60_000 });
    await page.context().close();
    server.close();
  }, 90_000);

  test("nothing is wider than a narrow screen, and nothing went wrong", async () => {
    const page = await open({ viewport: { width: 360, height: 700 }, colorScheme: "dark" });
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    await page.context().close();
    expect(faults).toEqual([]);
  });
});

/** The number after "step" in what the page says; 0 where there is none. */
function stepOf(text: string): number {
  return Number(/step ([\d,]+) of/.exec(text)?.[1]?.replaceAll(",", "") ?? 0);
}

async function open(options: object = {}): Promise<Page> {
  const page = await watchedPage(browser, faults, options);
  await page.goto(new URL("/train/", dashboard.address).href);
  return page;
}

/** A server that sends the files below "/some/folder/", and no header but their type. */
function serveSite(folder: string): Promise<Server> {
  const types: Readonly<Record<string, string>> = {
    ".html": "text/html",
    ".css": "text/css",
    ".wasm": "application/wasm",
  };
  const server = createServer((request, response) => {
    const name = (request.url ?? "").replace("/some/folder/", "") || "index.html";
    const path = join(folder, name);
    if (!existsSync(path)) response.writeHead(404).end();
    else response.setHeader("Content-Type", types[extname(name)] ?? "text/javascript").end(readFileSync(path));
  });
  return new Promise((done) => server.listen(0, "localhost", () => done(server)));
}
