// The page in a real browser: a live run, a comparison, one run, a study, an export without a network, a narrow screen.
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportPage } from "#src/dashboard/export-page.js";
import { type Dashboard, serveDashboard } from "#src/dashboard/serve.js";
import { repository } from "../docs/pages.js";
import { chromiumPath, launchChromium, watchedPage } from "./chromium.js";
import { stepLine, writeRun } from "./shown-runs.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-page-"));
let browser: Browser;
let dashboard: Dashboard;
/** What went wrong in pages, and what they asked for. */
const faults: string[] = [];
const asked: string[] = [];

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  beforeAll(async () => {
    const runs = join(folder, "runs");
    mkdirSync(runs);
    writeRun(join(runs, "first"), { method: "mixedae" });
    writeRun(join(runs, "live"), { end: "none", isLocked: true, totalSteps: 200 });
    cpSync(join(repository, "recipes/recognition"), join(folder, "studies/recognition"), { recursive: true });
    for (const run of ["first", "live"]) {
      cpSync(join(repository, "docs/pictures/emoji-demo.png"), join(runs, run, "pictures/step-00000050.png"));
      cpSync(join(repository, "docs/pictures/emoji-demo.png"), join(runs, run, "pictures/step-00000060.png"));
    }
    dashboard = await serveDashboard([runs, join(folder, "studies")], { version: "1.2.3", lookEvery: 100 });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await dashboard?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("the token leaves the address, and a reload does not need it", async () => {
    const page = await open();
    expect(page.url()).not.toContain("token");
    await page.reload();
    await page.getByRole("rowheader", { name: "first" }).waitFor();
    await page.context().close();
  });

  test("without the token it says what to do", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(dashboard.address.replace(/#.*/, ""));
    await page.getByText("Open the address that mixedae dashboard printed").waitFor();
    expect(await page.content()).not.toContain("first");
    await context.close();
  });

  test("a run that goes on moves, without moving the page", async () => {
    const page = await open();
    const row = page.getByRole("row", { name: /live/ });
    await row.getByText("60 / 200").waitFor();
    const before = await row.boundingBox();
    const lines = Array.from({ length: 5 }, (_, index) => stepLine(61 + index, 0.5));
    appendFileSync(join(folder, "runs/live/metrics.jsonl"), `${lines.join("\n")}\n`);
    await row.getByText("65 / 200").waitFor();
    expect(await row.boundingBox()).toEqual(before);
    expect(await row.textContent()).toContain("Loss is falling");
    await page.context().close();
  });

  test("selected runs are compared: curves, differences, one cursor and one zoom, by mouse and by keys", async () => {
    const page = await open();
    await page.getByRole("checkbox", { name: /first/ }).check();
    await page.getByRole("checkbox", { name: /live/ }).check();
    await page.waitForURL(/selected=\w+,\w+$/);
    const loss = page.getByRole("figure").filter({ has: page.getByRole("heading", { name: "Loss", exact: true }) });
    const spread = page.getByRole("figure").filter({ hasText: "Feature spread" });
    await spread.locator("canvas").waitFor();
    expect(await loss.textContent()).toContain("The training loss");
    await page.getByRole("row", { name: "method mixedae mae" }).waitFor();

    await loss.locator(".plot").hover({ position: { x: 200, y: 80 } });
    await expect.poll(() => spread.locator(".at").textContent()).toMatch(/^step \d+$/);
    const shownAt = await spread.locator(".at").textContent();
    await expect.poll(() => loss.locator(".at").textContent()).toBe(shownAt);

    await loss.locator(".plot").focus();
    await page.keyboard.press("ArrowRight");
    const at = await loss.locator(".at").textContent();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => loss.locator(".at").textContent()).not.toBe(at);

    await page.getByRole("button", { name: "Zoom in" }).click();
    await expect.poll(() => page.getByRole("button", { name: "All", exact: true }).isEnabled()).toBe(true);
    for (const name of ["Time", "log y", "log x"]) await page.getByText(name, { exact: true }).click();
    await page.getByText("Images", { exact: true }).click();

    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    const csv = readFileSync(await (await download).path(), "utf8");
    expect(csv.split("\n")[0]).toMatch(/^run,step,epoch,loss/);
    expect(csv).toContain("live,65,");
    const png = page.waitForEvent("download");
    await loss.getByRole("button", { name: /PNG/ }).click();
    expect(
      readFileSync(await (await png).path())
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    await page.context().close();
  });

  test("one run: health, pictures by a slider, recognition by block, what happened, configuration", async () => {
    const page = await open();
    await page.getByRole("link", { name: "first" }).click();
    await page.getByRole("heading", { name: "What happened" }).waitFor();
    const pictures = page.getByRole("region", { name: "Pictures" });
    await pictures.getByText("after step 60").waitFor();
    await page.getByLabel("Step of the picture").press("ArrowLeft");
    await pictures.getByText("after step 50").waitFor();
    const width = 'document.querySelector("section.pictures img")?.naturalWidth ?? 0';
    await expect.poll(() => page.evaluate<number>(width)).toBeGreaterThan(100);
    const recognition = page.getByRole("region", { name: "Recognition by block" });
    expect(await recognition.textContent()).toContain("Chance is 25%");
    expect(await recognition.getByRole("row").count()).toBe(4);
    expect(await page.getByRole("region", { name: "What happened" }).textContent()).toContain("step 40");
    expect(await page.getByRole("region", { name: "Configuration" }).textContent()).toContain("segmentEmbedding");
    await page.context().close();
  });

  test("a study: every score, means, and differences with words for their intervals", async () => {
    const page = await open();
    await page.getByRole("link", { name: "Studies" }).click();
    await page.getByRole("link", { name: /Recognition or shortcut/ }).click();
    const knn = page.getByRole("region", { name: "kNN" });
    await knn.waitFor();
    const [first] = await knn.getByRole("row", { name: /^MixedAE/ }).all();
    expect(await first!.getByRole("img").count()).toBe(3);
    expect(await first!.textContent()).toMatch(
      /MixedAE[\d.]+ ± [\d.]+[+−][\d.]+ ± [\d.]+, (the interval leaves zero out|open)/,
    );
    await page.context().close();
  });

  test("a server that ends is missed, and the page says so", async () => {
    const other = await serveDashboard([join(folder, "runs")], { version: "1.2.3", lookEvery: 100 });
    const page = await open({}, other.address);
    expect(await page.title()).toBe("Runs – mixedae");
    await other.close();
    await page.getByRole("status").getByText("Not connected").waitFor();
    // What was known stays in sight.
    expect(await page.getByRole("link", { name: "first" }).count()).toBe(1);
    await page.context().close();
    faults.splice(0, faults.length, ...faults.filter((fault) => !/ERR_|network/i.test(fault)));
    asked.splice(0, asked.length, ...asked.filter((address) => !address.startsWith(new URL(other.address).origin)));
  });

  test("the page is small", () => {
    const files = ["index.html", "page.js", "page.css"].map((name) => join(repository, "dist/dashboard/page", name));
    const compressed = files.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
    expect(compressed).toBeLessThan(500_000);
  });

  test("nothing is wider than a narrow screen, in light and dark", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open({ viewport: { width: 360, height: 700 }, colorScheme });
      const width = () => page.evaluate<number>("document.documentElement.scrollWidth");
      expect(await page.evaluate("document.documentElement.dataset.theme")).toBe(colorScheme);
      await page.getByRole("checkbox", { name: /first/ }).check();
      await page.locator("canvas").first().waitFor();
      expect(await width()).toBeLessThanOrEqual(360);
      await page.getByRole("link", { name: "first" }).click();
      await page.getByRole("region", { name: "Configuration" }).waitFor();
      expect(await width()).toBeLessThanOrEqual(360);
      await page.context().close();
    }
  });

  test("an exported run is one file that asks for nothing, without a network", async () => {
    const out = join(folder, "first.html");
    await exportPage(join(folder, "runs/first"), out, { version: "1.2.3" });
    const page = await open({ offline: true }, pathToFileURL(out).href);
    await page.getByRole("heading", { name: "What happened" }).waitFor();
    await page.locator("canvas").first().waitFor();
    await page.getByRole("region", { name: "Pictures" }).locator("img").waitFor();
    const requests = asked.filter((address) => !address.startsWith("data:") && !address.startsWith("blob:"));
    expect(requests).toEqual([pathToFileURL(out).href]);
    await page.context().close();
  });

  test("pages asked only this server, and nothing went wrong in them", () => {
    const { origin } = new URL(dashboard.address);
    const others = asked.filter(
      (address) => !["blob:", "data:", "file:", origin].some((own) => address.startsWith(own)),
    );
    expect(others).toEqual([]);
    expect(faults.filter((fault) => !fault.includes("401"))).toEqual([]);
  });
});

async function open(options: object = {}, address = dashboard.address): Promise<Page> {
  const page = await watchedPage(browser, faults, options);
  asked.length = address.startsWith("file:") ? 0 : asked.length;
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(address);
  if (!address.startsWith("file:")) await page.getByRole("link", { name: "first" }).waitFor();
  return page;
}
