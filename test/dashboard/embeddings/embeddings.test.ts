// Embeddings as the server tells of them: what it finds agrees with the commands, and what it may not or cannot read is refused.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LARGEST_GIVEN } from "#src/dashboard/access.js";
import type {
  Change,
  DuplicateImages,
  EmbeddingLayout,
  EmbeddingMap,
  EmbeddingRow,
  Overview,
  SimilarImage,
} from "#src/dashboard/api.js";
import type { Dashboard } from "#src/dashboard/serve.js";
import { embed, findDuplicates, openFeatures, search } from "#src/evaluations/index.js";
import {
  sharedFolder,
  silentProgress,
  writeColours,
  writePatterns,
  writeTinyCheckpoint,
} from "../../evaluations/tiny-sets.js";
import { ask, askFor, serveFolders } from "../shown-runs.js";

const at = sharedFolder();
const image = (index: number) => at("patterns", `${String(index).padStart(4, "0")}.png`);
const features = at("runs", "patterns.npy");
let dashboard: Dashboard;
let path: string;

const overview = async (from = dashboard) => (await askFor<Overview>(from, "/api/overview")).embeddings;
const called = (rows: readonly EmbeddingRow[], name: string) => rows.find((row) => row.name.endsWith(name))!;

beforeAll(async () => {
  mkdirSync(at("runs"));
  await writePatterns(at("patterns"), 60);
  copyFileSync(image(3), image(31));
  copyFileSync(image(3), image(12));
  await writeColours(at("colours"), 2);
  const from = await writeTinyCheckpoint(at("tiny.safetensors"));
  const embedding = { split: "train", from, pooling: "mean", threads: 1 } as const;
  await embed({ ...embedding, source: at("patterns"), out: features }, silentProgress());
  await embed({ ...embedding, source: at("colours"), out: at("runs", "colours.npy") }, silentProgress());
  dashboard = await serveFolders([at("runs")]);
  path = `/api/embeddings/${called(await overview(), "patterns.npy").id}`;
}, 60_000);

afterAll(() => dashboard.close());

const placesOf = (base64: string) => {
  const bytes = new Uint8Array(Buffer.from(base64, "base64"));
  return new Float32Array(bytes.buffer);
};

describe("the list", () => {
  test("says what each embedding is of, and what it was made with", async () => {
    expect(called(await overview(), "patterns.npy")).toMatchObject({
      ...{ name: features, images: 59, width: 12, pooling: "mean", problem: null },
      ...{ origin: expect.stringContaining("tiny.safetensors"), source: [at("patterns")] },
    });
  });

  test("says of one that is damaged why it cannot be read; other files with such names are left out", async () => {
    mkdirSync(at("others"));
    for (const ending of ["npy", "jsonl", "json"]) {
      copyFileSync(at("runs", `patterns.${ending}`), at("others", `whole.${ending}`));
      copyFileSync(at("runs", `patterns.${ending}`), at("others", `damaged.${ending}`));
    }
    writeFileSync(at("others", "damaged.json"), readFileSync(at("others", "damaged.json"), "utf8").replace("59", "58"));
    copyFileSync(at("runs", "patterns.npy"), at("others", "alone.npy"));
    const other = await serveFolders([at("others")]);
    try {
      const rows = await overview(other);
      expect(rows.map(({ name }) => name).sort()).toEqual([at("others", "damaged.npy"), at("others", "whole.npy")]);
      expect(called(rows, "damaged.npy").problem).toMatch(/as it was written, but found another checksum/);
      const { status, text } = await ask(other, `/api/embeddings/${called(rows, "damaged.npy").id}/map`);
      expect([status, text]).toEqual([422, expect.stringMatching(/another checksum/)]);
    } finally {
      await other.close();
    }
  });

  test("follows what is embedded while somebody looks", async () => {
    mkdirSync(at("later"));
    const other = await serveFolders([at("later")]);
    const live = await fetch(`${new URL(other.address).origin}/api/live`, {
      headers: { authorization: "Bearer the-token" },
    });
    const reader = live.body!.pipeThrough(new TextDecoderStream()).getReader();
    try {
      for (const ending of ["npy", "jsonl", "json"]) {
        copyFileSync(at("runs", `patterns.${ending}`), at("later", `new.${ending}`));
      }
      let text = "";
      while (!text.includes("new.npy")) text += (await reader.read()).value;
      const change = JSON.parse(/^data: (.*new\.npy.*)$/m.exec(text)![1]!) as Change;
      expect(change.embeddings.map(({ images }) => images)).toEqual([59]);
    } finally {
      await reader.cancel();
      await other.close();
    }
  }, 15_000);
});

describe("the map", () => {
  test("has every image, its class, and a place along the two directions in which they differ most", async () => {
    const map = await askFor<EmbeddingMap>(dashboard, `${path}/map`);
    expect(map.rows).toEqual([...Array(59).keys()]);
    expect([map.names[0], map.names[30]]).toEqual(["0000.png", "0031.png"]);
    expect([map.classes, map.labels[0]]).toEqual([null, null]);
    const places = placesOf(map.places);
    expect(places).toHaveLength(2 * 59);
    // Rows of equal images are at one place.
    expect([...places.subarray(6, 8)]).toEqual([...places.subarray(24, 26)]);
    expect(map.explained[0]!).toBeGreaterThanOrEqual(map.explained[1]!);
    const coloured = called(await overview(), "colours.npy");
    const { classes, labels, epochs } = await askFor<EmbeddingMap>(dashboard, `/api/embeddings/${coloured.id}/map`);
    expect([classes, labels, epochs]).toEqual([["blue", "green", "red"], [0, 0, 1, 1, 2, 2], 0]);
  });

  test("is arranged some epochs at a time, and the same for everybody", async () => {
    const map = await askFor<EmbeddingMap>(dashboard, `${path}/map`);
    const first = await askFor<EmbeddingLayout>(dashboard, `${path}/layout?epoch=10`);
    expect([first.epoch, first.epochs]).toEqual([10, map.epochs]);
    expect(placesOf(first.places).every(Number.isFinite)).toBe(true);
    const whole = await askFor<EmbeddingLayout>(dashboard, `${path}/layout?epoch=100000`);
    expect(whole.epoch).toBe(map.epochs);
    // Whoever asks later for less is given what is there.
    expect(await askFor<EmbeddingLayout>(dashboard, `${path}/layout?epoch=3`)).toEqual(whole);
    const other = await serveFolders([at("runs")]);
    expect(await askFor<EmbeddingLayout>(other, `${path}/layout?epoch=100000`)).toEqual(whole);
    await other.close();
  });
});

describe("similar images", () => {
  test("of a row are those that a search finds, without the row itself", async () => {
    const found = await askFor<SimilarImage[]>(dashboard, `${path}/similar?row=7`);
    const [wanted] = await search({ features, queries: [image(7)], top: 25, threads: 1 });
    expect(found.map(({ name }) => name)).toEqual(wanted!.matches.slice(1).map(({ name }) => name));
    for (const [rank, { similarity }] of found.entries()) {
      expect(similarity).toBeCloseTo(wanted!.matches[rank + 1]!.similarity, 5);
    }
    // Row 30 is that of image 31: image 30 could not be read.
    expect((await askFor<SimilarImage[]>(dashboard, `${path}/similar?row=3`)).slice(0, 2)).toMatchObject([
      { row: 12, name: "0012.png" },
      { row: 30, name: "0031.png" },
    ]);
  });

  test("of an own image are found as well, and what is no image is refused", async () => {
    const found = await give(new Uint8Array(readFileSync(image(3))));
    expect(found.status).toBe(200);
    const images = (await found.json()) as SimilarImage[];
    expect(
      images
        .slice(0, 3)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["0003.png", "0012.png", "0031.png"]);
    expect(images[0]!.similarity).toBeCloseTo(1, 5);
    const refused = await give(Buffer.from("none"), "a.txt");
    expect([refused.status, await refused.text()]).toEqual([422, expect.stringContaining("a.txt cannot be read")]);
    expect((await give(undefined)).status).toBe(400);
    expect((await give(new Uint8Array(LARGEST_GIVEN + 1))).status).toBe(413);
    expect((await give(new Uint8Array(9), "a.png", { authorization: "Bearer other" })).status).toBe(401);
    expect((await give(new Uint8Array(9), "a.png", { origin: "http://elsewhere.example" })).status).toBe(403);
  });

  test("need the encoder that the features were made with", async () => {
    renameSync(at("tiny.safetensors"), at("away.safetensors"));
    const other = await serveFolders([at("runs")]);
    try {
      const answer = await give(new Uint8Array(readFileSync(image(3))), "a.png", {}, other);
      expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining("tiny.safetensors")]);
    } finally {
      renameSync(at("away.safetensors"), at("tiny.safetensors"));
      await other.close();
    }
  });
});

test("near-duplicates are those that the command finds", async () => {
  const found = await askFor<DuplicateImages>(dashboard, `${path}/duplicates?threshold=0.999`);
  const wanted = await findDuplicates({ features, threshold: 0.999, threads: 1 }, silentProgress());
  expect(found.count).toBe(wanted.length);
  const names = (images: readonly { readonly name: string }[]) => images.map(({ name }) => name);
  expect(found.groups.map(({ images }) => names(images))).toEqual(wanted.map(({ images }) => names(images)));
  const equal = found.groups.find(({ images }) => names(images).includes("0003.png"))!;
  expect(names(equal.images)).toEqual(expect.arrayContaining(["0003.png", "0012.png", "0031.png"]));
});

describe("pictures", () => {
  test("small ones come many in one file, in the order asked for", async () => {
    const { body, headers, status } = await ask(dashboard, `${path}/thumbnails?rows=3,12,30,7,0,1,2,4,5`);
    expect([status, headers["content-type"]]).toEqual([200, "image/jpeg"]);
    const { data, info } = await sharp(body).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([512, 128]);
    const square = (place: number) =>
      Array.from({ length: 64 * 64 }, (_, pixel) => {
        const [x, y] = [64 * (place % 8) + (pixel % 64), 64 * Math.floor(place / 8) + Math.floor(pixel / 64)];
        return data[3 * (y * 512 + x)]!;
      });
    const gap = (a: number, b: number) =>
      square(a).reduce((sum, value, pixel) => sum + Math.abs(value - square(b)[pixel]!), 0) / 4096;
    // But for what JPEG makes of the edges between squares.
    expect(Math.max(gap(0, 1), gap(1, 2))).toBeLessThan(1);
    expect(gap(0, 3)).toBeGreaterThan(5);
  });

  test("a whole one is as large as it is, in its own proportions", async () => {
    const { body } = await ask(dashboard, `${path}/pictures/7`);
    const { width, height } = await sharp(body).metadata();
    expect([width, height]).toEqual([11, 9]);
  });

  test("of images that are no longer those that were embedded there are none, and all else goes on", async () => {
    renameSync(image(9), at("patterns", "moved.png"));
    const other = await serveFolders([at("runs")]);
    try {
      const { status, text } = await ask(other, `${path}/thumbnails?rows=9`);
      expect([status, text]).toEqual([422, expect.stringContaining("another image in the place of 0009.png")]);
      expect((await ask(other, `${path}/similar?row=9`)).status).toBe(200);
      expect((await ask(other, `${path}/pictures/3`)).status).toBe(200);
    } finally {
      renameSync(at("patterns", "moved.png"), image(9));
      await other.close();
    }
  });
});

describe("questions that are none", () => {
  test.each([
    "layout",
    "layout?epoch=-1",
    "similar",
    "similar?row=1.5",
    "duplicates",
    "duplicates?threshold=0.1",
    "duplicates?threshold=2",
    "duplicates?threshold=x",
    "thumbnails",
    "thumbnails?rows=1,,2",
    `thumbnails?rows=${Array(65).fill(1).join()}`,
    "pictures/x",
  ])("%s is refused", async (question) => {
    expect((await ask(dashboard, `${path}/${question}`)).status).toBe(400);
  });

  test.each([
    "similar?row=59",
    "thumbnails?rows=0,59",
    "pictures/59",
  ])("%s is beyond the last row", async (question) => {
    const { status, text } = await ask(dashboard, `${path}/${question}`);
    expect([status, text]).toEqual([422, expect.stringContaining("Expected rows below 59; found 59")]);
  });

  test("of embeddings that are not there", async () => {
    for (const question of ["map", "layout?epoch=1", "similar?row=0", "thumbnails?rows=0", "pictures/0"]) {
      expect((await ask(dashboard, `/api/embeddings/0123456789abcdef/${question}`)).status).toBe(404);
    }
  });
});

test("files that lead out of the folders are not read", async () => {
  mkdirSync(at("linked"));
  for (const ending of ["npy", "jsonl", "json"]) {
    copyFileSync(at("runs", `patterns.${ending}`), at("linked", `own.${ending}`));
  }
  symlinkSync(features, at("linked", "other.npy"));
  const other = await serveFolders([at("linked")]);
  try {
    const [row, ...more] = await overview(other);
    expect(more).toEqual([]);
    expect((await ask(other, `/api/embeddings/${row!.id}/map`)).status).toBe(200);
    rmSync(at("linked", "own.jsonl"));
    symlinkSync(at("runs", "patterns.jsonl"), at("linked", "own.jsonl"));
    expect((await ask(other, `/api/embeddings/${row!.id}/map`)).status).toBe(404);
  } finally {
    await other.close();
  }
});

test("what is written anew is read anew", async () => {
  mkdirSync(at("anew"));
  const copy = (name: string) => {
    for (const ending of ["npy", "jsonl", "json"])
      copyFileSync(at("runs", `${name}.${ending}`), at("anew", `one.${ending}`));
  };
  copy("patterns");
  const other = await serveFolders([at("anew")]);
  try {
    const [row] = await overview(other);
    const map = () => askFor<EmbeddingMap>(other, `/api/embeddings/${row!.id}/map`);
    expect((await map()).rows).toHaveLength(59);
    copy("colours");
    expect((await map()).rows).toHaveLength(openFeatures(at("runs", "colours.npy")).description.count);
  } finally {
    await other.close();
  }
});

/** Asks for images that are like one that is sent; `undefined` sends a form without any. */
function give(
  bytes: Uint8Array | undefined,
  name = "a.png",
  headers: Readonly<Record<string, string>> = {},
  to: Dashboard = dashboard,
): Promise<Response> {
  const body = new FormData();
  if (bytes !== undefined) body.append("image", new File([new Uint8Array(bytes)], name));
  return fetch(`${new URL(to.address).origin}${path}/similar`, {
    ...{ method: "POST", body },
    headers: { authorization: "Bearer the-token", ...headers },
  });
}
