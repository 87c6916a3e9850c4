// The mixture explorer in a real browser: by mouse, by keys, shuffled, without segment embeddings, on a narrow screen.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Dashboard, serveDashboard } from "#src/dashboard/serve.js";
import { pretrain } from "#src/training/index.js";
import { recordOptions, tinyConfig, writeImages } from "../training/tiny-run.js";
import { chromiumPath, launchChromium, watchedPage } from "./chromium.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-explore-page-"));
let browser: Browser;
let dashboard: Dashboard;
const faults: string[] = [];

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  beforeAll(async () => {
    // Before a run draws pictures: from then on, processes that are started know no fonts but those of this package.
    browser = await launchChromium();
    const source = join(folder, "images");
    await writeImages(source, 16);
    for (const method of ["mixedae", "mae"]) {
      const config = tinyConfig(source, `method=${method}`, "schedule.steps=2");
      await pretrain(config, join(folder, "runs", method), recordOptions());
    }
    dashboard = await serveDashboard([join(folder, "runs")], { version: "1.2.3", lookEvery: 200 });
  });

  afterAll(async () => {
    await browser?.close();
    await dashboard?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a patch that is looked at tells in words what it keeps, by mouse and by keys", async () => {
    const page = await open();
    const said = page.locator("main .said");
    await page.getByRole("button", { name: /^Row 2, column 3/ }).hover();
    await expect.poll(() => said.textContent()).toMatch(/^Row 2, column 3, of image [A-D], (keeps|attends most to) \d/);
    await page.getByRole("button", { name: /^Row 2, column 3/ }).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => said.textContent()).toMatch(/^Row 3, column 4/);
    // One stop of the tab key for all patches.
    expect(await page.locator('.mixture .cell[tabindex="0"]').count()).toBe(1);
    expect(await page.locator(".mixture .cell.self").count()).toBe(1);
    const [right, wrong] = [page.locator(".mixture .cell.right"), page.locator(".mixture .cell.wrong")];
    expect((await right.count()) + (await wrong.count())).toBeGreaterThan(0);
    for (const each of await right.all()) expect(await each.textContent()).toMatch(/^✓[A-D]$/);
    for (const each of await wrong.all()) expect(await each.textContent()).toMatch(/^✕[A-D]$/);
    await page.context().close();
  });

  test("a map chooses its block and head, and confusion follows", async () => {
    const page = await open();
    await page.getByRole("button", { name: /^Block 2, head 1: \d+ of \d+ right/ }).click();
    await page.getByRole("heading", { name: "The mixture, block 2, head 1" }).waitFor();
    await page.getByRole("heading", { name: "Confusion between images, block 2" }).waitFor();
    expect(await page.locator(".confusion tbody tr").count()).toBe(4);
    await page.getByRole("button", { name: /^Block 1, all heads/ }).click();
    await expect.poll(() => page.locator("main .said").textContent()).toContain("attends most to");
    expect(await page.getByRole("img", { name: /^Reconstruction of image/ }).count()).toBe(4);
    await page.context().close();
  });

  test("shuffled mixtures have addresses of their own, and the back button leads to the last one", async () => {
    const page = await open();
    const first = page.url();
    await page.getByRole("button", { name: /Shuffle/ }).click();
    await expect.poll(() => page.url()).not.toBe(first);
    const seed = /seed=(\d+)/.exec(page.url())![1]!;
    await page.getByText(`mixture ${seed}`).waitFor();
    await page.getByRole("checkbox", { name: "Segment embeddings" }).uncheck();
    await expect.poll(() => page.url()).toContain(`seed=${seed}&segments=0`);
    await page.goBack();
    await page.getByText("mixture 0").waitFor();
    await page.context().close();
  });

  test("own images are mixed in place of the run's, and given back", async () => {
    const page = await open();
    const image = (name: string, background: string) =>
      sharp({ create: { width: 30, height: 30, channels: 3, background } })
        .png()
        .toBuffer()
        .then((buffer) => ({ name, mimeType: "image/png", buffer }));
    const files = [await image("red.png", "#f00000"), await image("blue.png", "#0000f0")];
    await page.getByLabel("Own images").setInputFiles(files);
    await page.getByText("of red.png, blue.png").waitFor();
    await page.locator("main[aria-busy=false]").waitFor();
    const canvas = `document.querySelector('canvas[aria-label="Image A"]')`;
    const pixel = () => page.evaluate<string>(`${canvas}.getContext("2d").getImageData(2, 2, 1, 1).data.join()`);
    await expect.poll(pixel).toBe("240,0,0,255");
    await page
      .getByLabel("Own images")
      .setInputFiles([{ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("x") }]);
    await page.getByText("a.txt cannot be read").waitFor();
    await page.getByRole("button", { name: "The run's images" }).click();
    await page.locator(".mixture .cell").first().waitFor();
    await expect.poll(pixel).not.toBe("240,0,0,255");
    faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes("422")));
    await page.context().close();
  });

  test("of a run that mixes nothing, single images are shown: attention, likes in other images, reconstructions", async () => {
    const page = await open();
    await page.goto(dashboard.address.replace(/#.*/, "#/runs"));
    await page.getByRole("link", { name: "mae", exact: true }).click();
    await page.getByRole("region", { name: "Configuration" }).waitFor();
    await page.getByRole("link", { name: "Explore images" }).click();
    await page.getByRole("heading", { name: "Image A, block 2, all heads" }).waitFor();
    const said = page.locator("main .said");
    await page.getByRole("button", { name: /^Row 2, column 3/ }).hover();
    await expect.poll(() => said.textContent()).toMatch(/^The patch in row 2, column 3 attends most/);
    await page.getByRole("button", { name: /^Row 2, column 3/ }).focus();
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => said.textContent()).toMatch(/^The patch in row 3, column 3/);
    // Eight patches of the three other images, numbered by how like they are.
    const numbers = await page.locator(".nearest .cell.right").allTextContents();
    expect(numbers.map(Number).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await page.getByRole("group", { name: "Image" }).getByRole("button", { name: "C" }).click();
    await page.getByRole("group", { name: "Block" }).getByRole("button", { name: "1" }).click();
    await page.getByRole("group", { name: "Head" }).getByRole("button", { name: "2" }).click();
    await page.getByRole("heading", { name: "Image C, block 1, head 2" }).waitFor();
    expect(await page.getByRole("img", { name: /^Reconstruction, image/ }).count()).toBe(4);
    await page.context().close();
  });

  test("nothing is wider than a narrow screen, and nothing went wrong", async () => {
    const page = await open({ viewport: { width: 360, height: 700 }, colorScheme: "dark" });
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    await page.context().close();
    expect(faults).toEqual([]);
  });
});

/** The first mixture, by the link on the run's page. */
async function open(options: object = {}): Promise<Page> {
  const page = await watchedPage(browser, faults, options);
  await page.goto(dashboard.address);
  await page.getByRole("link", { name: "mixedae", exact: true }).click();
  await page.getByRole("link", { name: /^Explore mixtures/ }).click();
  await page.locator(".mixture .cell").first().waitFor();
  return page;
}
