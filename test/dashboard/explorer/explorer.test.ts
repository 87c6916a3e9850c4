// Mixtures of real runs: what is shown agrees with the method's own plan and metric, and the server tells it or says why not.
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LARGEST_GIVEN } from "#src/dashboard/access.js";
import type { Exploration, ExploredMixture, Overview } from "#src/dashboard/api.js";
import { UnanswerableError } from "#src/dashboard/background/unanswerable-error.js";
import { openExplorer } from "#src/dashboard/explorer/explorer.js";
import { openImageExplorer } from "#src/dashboard/explorer/image-explorer.js";
import { openMixtureExplorer } from "#src/dashboard/explorer/mixture-explorer.js";
import type { Dashboard } from "#src/dashboard/serve.js";
import { assignmentFor, drawAssignment } from "#src/methods/mixing.js";
import { randomStream } from "#src/random/index.js";
import { pretrain } from "#src/training/index.js";
import { loadPretrained } from "#src/training/pretrained.js";
import { recordOptions, tinyConfig, tinyIbotConfig, writeImages } from "../../training/tiny-run.js";
import { ask, askFor, serveFolders } from "../shown-runs.js";
import { dot, plainEncoder } from "./plain-encoder.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-explorer-"));
const run = (name: string) => join(folder, "runs", name);
const explored = { seed: 5, segments: true };

beforeAll(async () => {
  const source = join(folder, "images");
  await writeImages(source, 16);
  const runs: [string, string[]][] = [
    ["compose", ["method=mixedae", "methodOptions.homologousFrom=0"]],
    ["full", ["method=mixedae", "methodOptions.mode=full"]],
    ["shared", ["method=mixedae", "methodOptions.segmentShare=0.5"]],
    ["mixing", ["method=mixing"]],
    ["mae", ["method=mae"]],
    ["wide", ["method=mae", "model.imageSize=[8,24]"]],
    ["simmim", ["method=simmim"]],
  ];
  for (const [name, keys] of runs) {
    await pretrain(tinyConfig(source, "schedule.steps=2", ...keys), run(name), recordOptions());
  }
});

beforeAll(async () => {
  await pretrain(tinyIbotConfig(join(folder, "images"), "schedule.steps=2"), run("ibot"), recordOptions());
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("precision is the method's own metric, block by block", async () => {
  const { blocks, methodPrecision, step } = await (await openMixtureExplorer(run("compose"))).explore(explored);
  expect(step).toBe(2);
  expect(blocks.map(({ keepsTop }) => keepsTop)).toEqual([true, true]);
  for (const [block, { precision, headPrecision, confusion }] of blocks.entries()) {
    expect(precision).toBeCloseTo(methodPrecision[block]!, 5);
    expect(headPrecision.reduce((sum, share) => sum + share, 0) / 2).toBeCloseTo(precision, 1);
    for (const row of confusion) expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
  }
});

describe("images that are given", () => {
  const form = (...files: [name: string, bytes: Uint8Array][]) => {
    const given = new FormData();
    for (const [name, bytes] of files) given.append("image", new File([new Uint8Array(bytes)], name));
    return given;
  };
  const red = () =>
    sharp({ create: { width: 40, height: 20, channels: 3, background: { r: 250, g: 9, b: 9 } } })
      .png()
      .toBuffer();

  test("come first in the mixture; the run's own fill it up", async () => {
    const given = [{ name: "red.png", bytes: await red() }];
    const explorer = await openMixtureExplorer(run("compose"));
    const found = await explorer.explore({ ...explored, given });
    const plain = await explorer.explore(explored);
    expect([...bytesOf(found.images[0]!).subarray(0, 3)]).toEqual([250, 9, 9]);
    expect(found.images.slice(1)).toEqual(plain.images.slice(0, 3));
    expect(found.sources).toEqual(plain.sources);
  });

  test("more than are mixed, and files that are none, are refused by name", async () => {
    const explorer = await openMixtureExplorer(run("compose"));
    const image = { name: "red.png", bytes: await red() };
    const broken = { name: "notes\u001b.txt", bytes: Buffer.from("no image") };
    await expect(explorer.explore({ ...explored, given: new Array(5).fill(image) })).rejects.toThrow(
      "at most 4 images, which are shown together; found 5",
    );
    const refused = explorer.explore({ ...explored, given: [image, broken] });
    await expect(refused).rejects.toThrow(UnanswerableError);
    await expect(refused).rejects.toThrow(/notes.*txt cannot be read: .*Give another one/);
    await expect(refused).rejects.not.toThrow("\u001b");
  });

  test("the server takes them in a form, and nothing else, by the same rules as any question", async () => {
    const dashboard = await serveFolders([join(folder, "runs")]);
    try {
      const { runs } = await askFor<Overview>(dashboard, "/api/overview");
      const { id } = runs.find(({ name }) => name.endsWith("compose"))!;
      const { origin } = new URL(dashboard.address);
      const post = (
        body: FormData | string,
        headers: Record<string, string> = {},
        path = `/api/runs/${id}/explore?seed=5`,
      ) =>
        fetch(`${origin}${path}`, { method: "POST", body, headers: { authorization: "Bearer the-token", ...headers } });
      const answer = await post(form(["red.png", await red()]));
      expect(answer.status).toBe(200);
      const { images } = (await answer.json()) as Exploration;
      expect([...bytesOf(images[0]!).subarray(0, 3)]).toEqual([250, 9, 9]);
      expect((await post(form(["a.txt", Buffer.from("none")]))).status).toBe(422);
      expect((await post("{}", { "content-type": "application/json" })).status).toBe(400);
      const text = new FormData();
      text.append("image", "/etc/passwd");
      expect((await post(text)).status).toBe(400);
      expect((await post(form(["red.png", await red()]), { authorization: "Bearer other" })).status).toBe(401);
      expect((await post(form(["red.png", await red()]), { origin: "http://elsewhere.example" })).status).toBe(403);
      expect((await post(form(), {}, "/api/overview")).status).toBe(405);
      const large = await post(form(["large.png", new Uint8Array(LARGEST_GIVEN + 1)]));
      expect([large.status, await large.text()]).toEqual([413, expect.stringContaining("at most 64 MiB")]);
    } finally {
      await dashboard.close();
    }
  });
});

test("blocks before TopK keep everything", async () => {
  const { blocks } = await (await openMixtureExplorer(run("full"))).explore(explored);
  expect(blocks.map(({ keepsTop }) => keepsTop)).toEqual([false, true]);
  expect(bytesOf(blocks[0]!.attention).every((byte) => byte > 0)).toBe(true);
  const kept = bytesOf(blocks[1]!.attention).filter((byte) => byte > 0).length;
  // 2 heads, 16 queries, 4 keys each; ties may keep more.
  expect(kept).toBeGreaterThanOrEqual(2 * 16 * 4);
  expect(kept).toBeLessThan(2 * 16 * 6);
});

test.each([
  "compose",
  "full",
] as const)("%s: mixture and reconstructions show the patches of the plan", async (mode) => {
  const found = await (await openMixtureExplorer(run(mode))).explore(explored);
  const { sources, imageSize, patchSize } = found;
  const { width, height } = imageSize;
  const M = drawAssignment(randomStream(5, "explored mixture", 0, 0), 16, 4);
  expect(sources).toEqual([...M]);
  const images = found.images.map(bytesOf);
  const mixture = bytesOf(found.mixture);
  const reconstructions = found.reconstructions.map(bytesOf);
  expect(reconstructions).toHaveLength(4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const patch = Math.floor(y / patchSize) * (width / patchSize) + Math.floor(x / patchSize);
      const at = 3 * (y * width + x);
      expect(mixture[at]).toBe(images[sources[patch]!]![at]);
      for (const [image, reconstruction] of reconstructions.entries()) {
        // What the encoder saw of an image stays as it is.
        if (assignmentFor(image, M, 4, mode)[patch] === image) expect(reconstruction[at]).toBe(images[image]![at]);
      }
    }
  }
});

test("the seed decides the images and the mixture; the same one gives the same", async () => {
  const explorer = await openMixtureExplorer(run("compose"));
  const withoutTime = async (seed: number) => ({ ...(await explorer.explore({ ...explored, seed })), milliseconds: 0 });
  const first = await withoutTime(1);
  expect(await withoutTime(1)).toEqual(first);
  expect((await withoutTime(2)).images).not.toEqual(first.images);
  expect((await withoutTime(2)).sources).not.toEqual(first.sources);
});

test("without segment embeddings only what patches show tells them apart", async () => {
  for (const name of ["compose", "shared"]) {
    const explorer = await openMixtureExplorer(run(name));
    const told = await explorer.explore(explored);
    const untold = await explorer.explore({ ...explored, segments: false });
    expect([told.segments, untold.segments]).toEqual([true, false]);
    expect(untold.sources).toEqual(told.sources);
    expect(untold.blocks[1]!.attention).not.toBe(told.blocks[1]!.attention);
  }
});

test("naive mixing has attention and no TopK", async () => {
  const { blocks, segments, methodPrecision } = await (await openMixtureExplorer(run("mixing"))).explore(explored);
  expect(blocks.map(({ keepsTop }) => keepsTop)).toEqual([false, false]);
  expect([segments, methodPrecision]).toEqual([null, []]);
});

describe("methods that do not mix", () => {
  test.each(["mae", "wide", "simmim", "ibot"])("%s: attention of the encoder that is transferred", async (name) => {
    const found = await (await openImageExplorer(run(name))).explore(explored);
    expect(await (await openExplorer(run(name))).explore(explored)).toEqual({
      ...found,
      milliseconds: expect.any(Number),
    });
    const { imageSize, patchSize, heads, images, blocks, nearest } = found;
    const L = (imageSize.width * imageSize.height) / patchSize ** 2;
    expect([images.length, blocks.length, nearest.length]).toEqual([4, 2, 4 * L]);
    const model = await loadPretrained(run(name));
    const pixels = Buffer.concat(images.map(bytesOf));
    const { attention, features } = plainEncoder(model, pixels);
    for (const [block, text] of blocks.entries()) {
      const bytes = bytesOf(text);
      expect(bytes).toHaveLength(4 * heads * L * L);
      for (let row = 0; row < bytes.length; row += L) {
        const own = attention[block]!.slice(row, row + L);
        const most = Math.max(...own);
        for (const [key, value] of own.entries()) {
          expect(Math.abs(bytes[row + key]! - (1 + (254 * value) / most))).toBeLessThan(1.01);
        }
      }
    }
    const alike = (a: number, b: number) => {
      const [x, y] = [features[a]!, features[b]!];
      return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
    };
    for (const [patch, places] of nearest.entries()) {
      const others = features
        .map((_, place) => place)
        .filter((place) => Math.floor(place / L) !== Math.floor(patch / L));
      const best = others.map((place) => alike(patch, place)).sort((a, b) => b - a);
      expect(new Set(places).size).toBe(8);
      for (const [order, place] of places.entries()) expect(alike(patch, place)).toBeCloseTo(best[order]!, 3);
    }
  });

  test("MAE's reconstruction keeps what it is shown, a quarter of the patches; iBOT has none", async () => {
    const { images, reconstructed, imageSize, patchSize } = await (await openImageExplorer(run("wide"))).explore(
      explored,
    );
    const { inputs, pictures } = reconstructed!;
    for (const [image, text] of images.entries()) {
      const [original, shown, picture] = [text, inputs[image]!, pictures[image]!].map(bytesOf);
      let kept = 0;
      for (let at = 0; at < original!.length; at++) {
        if (shown![at] !== 128) expect(picture![at]).toBe(original![at]);
        if (shown![at] === original![at]) kept++;
      }
      expect(kept).toBeGreaterThanOrEqual(0.24 * imageSize.width * imageSize.height * 3);
      expect(kept).toBeLessThan(0.5 * imageSize.width * imageSize.height * 3);
      expect(picture).not.toEqual(original);
      expect(patchSize).toBeLessThan(imageSize.height);
    }
    expect((await (await openImageExplorer(run("ibot"))).explore(explored)).reconstructed).toBeNull();
  });
});

describe("the server", () => {
  let dashboard: Dashboard;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    symlinkSync(run("compose"), join(folder, "runs/linked"));
    dashboard = await serveFolders([join(folder, "runs")]);
    const { runs } = await askFor<Overview>(dashboard, "/api/overview");
    for (const { name, id } of runs) ids.set(name.split("/").at(-1)!, id);
  });

  afterAll(() => dashboard.close());

  const path = (name: string, query = "") => `/api/runs/${ids.get(name)}/explore${query}`;

  test("tells a mixture, and goes on answering meanwhile", async () => {
    const mixture = askFor<ExploredMixture>(dashboard, path("compose", "?seed=7"));
    await askFor<Overview>(dashboard, "/api/overview");
    const { seed, blocks } = await mixture;
    expect(seed).toBe(7);
    expect(blocks).toHaveLength(2);
    expect((await askFor<Exploration>(dashboard, path("compose", "?seed=7&segments=0"))).segments).toBe(false);
  });

  test.each(["-1", "1.5", "4294967296", "x", ""])("a seed of %j is refused", async (seed) => {
    const { status, text } = await ask(dashboard, path("compose", `?seed=${seed}`));
    expect([status, text]).toEqual([400, expect.stringMatching(/Expected a seed from 0 to 4294967295/)]);
  });

  test("shows single images of a run that mixes nothing, and refuses one that is not there", async () => {
    expect(await askFor<Exploration>(dashboard, path("ibot"))).toMatchObject({ kind: "images", reconstructed: null });
    expect((await ask(dashboard, "/api/runs/nothing/explore")).status).toBe(404);
    expect((await ask(dashboard, path("compose"), { token: false })).status).toBe(401);
  });

  test("a checkpoint that leads out of the folders is not read", async () => {
    const checkpoints = join(run("full"), "checkpoints");
    const elsewhere = join(run("compose"), "checkpoints", readdirSync(join(run("compose"), "checkpoints"))[0]!);
    const other = await serveFolders([run("full")]);
    const [row] = (await askFor<Overview>(other, "/api/overview")).runs;
    symlinkSync(elsewhere, join(checkpoints, "step-00000099.safetensors"));
    const { status, text } = await ask(other, `/api/runs/${row!.id}/explore`);
    expect([status, text]).toEqual([422, expect.stringMatching(/Expected a run with a checkpoint within/)]);
    await other.close();
  });

  test("more mixtures at a time than it computes are refused, and later ones are not", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(dashboard, path("compose"))));
    expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(8);
    expect((await ask(dashboard, path("compose"))).status).toBe(200);
  });
});

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, "base64");
}
