// The embeddings in a real browser: the map by mouse and by keys, similar images, one's own, near-duplicates, classes, a narrow screen.
import { copyFileSync, mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Dashboard, serveDashboard } from "#src/dashboard/serve.js";
import { embed } from "#src/evaluations/index.js";
import {
  sharedFolder,
  silentProgress,
  writeColours,
  writePatterns,
  writeTinyCheckpoint,
} from "../evaluations/tiny-sets.js";
import { chromiumPath, launchChromium, watchedPage } from "./chromium.js";

const at = sharedFolder();
const image = (index: number) => at("patterns", `${String(index).padStart(4, "0")}.png`);
let browser: Browser;
let dashboard: Dashboard;
const faults: string[] = [];

describe.skipIf(chromiumPath === undefined)("in Chromium", () => {
  beforeAll(async () => {
    browser = await launchChromium();
    mkdirSync(at("runs"));
    await writePatterns(at("patterns"), 40);
    copyFileSync(image(3), image(31));
    await writeColours(at("colours"), 6);
    const from = await writeTinyCheckpoint(at("tiny.safetensors"));
    for (const name of ["patterns", "colours"]) {
      const out = at("runs", `${name}.npy`);
      await embed({ source: at(name), split: "train", from, out, pooling: "mean", threads: 1 }, silentProgress());
    }
    dashboard = await serveDashboard([at("runs")], { version: "1.2.3", lookEvery: 200 });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await dashboard?.close();
  });

  test("the map is arranged, and an image that is looked at tells its name, by mouse and by keys", async () => {
    const page = await open("patterns.npy");
    const [map, said] = [page.getByRole("application"), page.locator(".map-panel .said")];
    await map.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => said.textContent()).toMatch(/^\d{4}\.png$/);
    const first = await said.textContent();
    for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowUp"]) await page.keyboard.press(key);
    await expect.poll(() => said.textContent()).not.toBe(first);
    const { x, y, width, height } = (await map.boundingBox())!;
    // Where an image is, is not known to the test: somewhere along a line through the middle there is one.
    for (let step = 0; step <= 60; step++) {
      await page.mouse.move(x + (width * step) / 60, y + height / 2);
      if (/png$/.test((await said.textContent())!)) break;
    }
    expect(await said.textContent()).toMatch(/^\d{4}\.png$/);
    await page.mouse.move(x + 5, y + 5);
    await expect.poll(() => said.textContent()).toContain("What is near is alike");
    await page.context().close();
  });

  test("Enter finds similar images, which lead on; the address keeps the image", async () => {
    const page = await open("patterns.npy");
    await page.getByRole("application").focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    const similar = page.getByRole("region", { name: "Similar images" });
    await expect.poll(() => similar.getByRole("button").count()).toBe(24);
    const shown = await similar.locator("strong").textContent();
    await similar.getByRole("button").first().click();
    await expect.poll(() => similar.locator("strong").textContent()).not.toBe(shown);
    expect(page.url()).toMatch(/row=\d+$/);
    const last = await similar.locator("strong").textContent();
    await page.reload();
    await expect.poll(() => similar.locator("strong").textContent()).toBe(last);
    await expect.poll(() => similar.getByRole("img", { name: last! }).count()).toBe(1);
    // Small pictures are drawn once they are there.
    await expect.poll(() => similar.locator("canvas.absent").count()).toBe(0);
    await page.context().close();
  });

  test("looking closer draws images apart, and all of the map comes back", async () => {
    const page = await open("patterns.npy");
    await page.getByRole("application").focus();
    const before = await picture(page);
    await page.getByRole("button", { name: "Closer", exact: true }).click();
    await expect.poll(() => picture(page)).not.toBe(before);
    await page.getByRole("button", { name: "The whole map" }).click();
    await expect.poll(() => picture(page)).toBe(before);
    await page.getByRole("application").focus();
    for (const key of ["+", "+", "-", "0"]) await page.keyboard.press(key);
    await expect.poll(() => picture(page)).toBe(before);
    await page.getByRole("button", { name: "PCA" }).click();
    await page.getByText(/The two directions in which they differ most: \d+% and \d+%/).waitFor();
    await expect.poll(() => picture(page)).not.toBe(before);
    await page.context().close();
  });

  test("an own image finds its like, and is forgotten again", async () => {
    const page = await open("patterns.npy");
    await page.getByLabel("Find an own image").setInputFiles([image(7)]);
    const similar = page.getByRole("region", { name: "Similar images" });
    await expect.poll(() => similar.getByRole("button").count()).toBe(24);
    expect(await similar.getByRole("button").first().getAttribute("aria-label")).toBe("0007.png");
    await page
      .getByLabel("Find an own image")
      .setInputFiles([{ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("x") }]);
    await page.getByText("a.txt cannot be read").waitFor();
    await page.getByRole("button", { name: "Forget it" }).click();
    await page.getByText("Click an image of the map").waitFor();
    faults.splice(0, faults.length, ...faults.filter((fault) => !fault.includes("422")));
    await page.context().close();
  });

  test("near-duplicates come in groups", async () => {
    const page = await open("patterns.npy");
    const duplicates = page.getByRole("region", { name: "Near-duplicates" });
    await duplicates.getByRole("combobox").selectOption("0.9999");
    await duplicates.getByRole("button", { name: "Find them" }).click();
    await duplicates.getByText(/groups?[;,]|One group/).waitFor();
    await duplicates.getByRole("button", { name: "0031.png" }).click();
    await page.getByRole("region", { name: "Similar images" }).getByText("0031.png").waitFor();
    expect(await duplicates.getByRole("button", { name: "0031.png" }).getAttribute("aria-pressed")).toBe("true");
    await page.context().close();
  });

  test("one class stands alone while it is chosen", async () => {
    const page = await open("colours.npy");
    const legend = page.getByRole("group", { name: "Classes" });
    expect(await legend.getByRole("button").allTextContents()).toEqual([" blue", " green", " red"]);
    await page.mouse.move(3, 3);
    const before = await picture(page);
    await legend.getByRole("button", { name: "green" }).click();
    await expect.poll(() => picture(page)).not.toBe(before);
    await page.getByRole("application").focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.locator(".map-panel .said").textContent()).toMatch(/, green$/);
    await page.context().close();
  });

  test("nothing is wider than a narrow screen, and nothing went wrong", async () => {
    const page = await open("colours.npy", { viewport: { width: 360, height: 700 }, colorScheme: "dark" });
    expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    await page.context().close();
    expect(faults).toEqual([]);
  });
});

/** What the map shows, once it has been still for a while. */
async function picture(page: Page): Promise<string> {
  const now = () => page.evaluate<string>(`document.querySelector(".map-surface canvas").toDataURL()`);
  let [before, after] = ["", await now()];
  while (before !== after) {
    await page.waitForTimeout(150);
    [before, after] = [after, await now()];
  }
  return after;
}

/** An embedding's page by the links that lead there, arranged. */
async function open(name: string, options: object = {}): Promise<Page> {
  const page = await watchedPage(browser, faults, options);
  await page.goto(dashboard.address);
  await page.getByRole("link", { name: "Embeddings", exact: true }).click();
  await page.getByRole("link", { name: at("runs", name) }).click();
  await page.getByText("What is near is alike").waitFor();
  return page;
}
