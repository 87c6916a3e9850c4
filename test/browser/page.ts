// A page in Chromium that has the library and ONNX Runtime for browsers, from a server of its own.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, join } from "node:path";
import { rolldown } from "rolldown";
import { expect } from "vitest";
import type { PretrainConfig } from "#src/config/config.js";
import { pretrain } from "#src/training/index.js";
import { launchChromium } from "../dashboard/chromium.js";
import { repository } from "../docs/pages.js";
import { readMetrics, recordOptions } from "../training/tiny-run.js";

const runtime = join(repository, "node_modules/onnxruntime-web/dist");
const kinds: Readonly<Record<string, string>> = { ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Code that runs in the page has `library`, the `images`, `blobOf(base64)` and `train(training, steps)`. */
export interface LibraryPage {
  /** Runs the body of an async function, with what is given. */
  run<Found>(body: string, given?: unknown): Promise<Found>;
  close(): Promise<void>;
}

/** The build of ONNX Runtime, by what it computes. */
const runtimes = { cpu: "ort.wasm.min.mjs", webgpu: "ort.webgpu.min.mjs" } as const;
/** A GPU in software, that Chromium brings. */
const SOFTWARE_GPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/** Opens the page and reads the images of a folder there; on the CPU, two threads compute. */
export async function openLibraryPage(folder: string, device: keyof typeof runtimes = "cpu"): Promise<LibraryPage> {
  const script = await bundled(`
    import * as library from "mixedae/browser";
    import * as ort from "/runtime/${runtimes[device]}";
    ort.env.wasm.wasmPaths = "/runtime/";
    ort.env.wasm.numThreads = 2;
    library.registerBrowserEngines(ort);
    globalThis.library = library;
  `);
  const server = await serve(script);
  const browser = await launchChromium(device === "webgpu" ? SOFTWARE_GPU : undefined);
  const page = await browser.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.library !== undefined");
  const run = async <Found>(body: string, given: unknown = null) =>
    (await page.evaluate(`(async (given) => { ${body} })(${JSON.stringify(given)})`)) as Found;
  const files = readdirSync(folder).sort();
  await run(
    `globalThis.blobOf = (text) => new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]);
     const options = { workingSide: 4096, background: [255, 255, 255] };
     globalThis.images = await Promise.all(given.map((text) => library.decodeImageFile(blobOf(text), options)));
     globalThis.train = async (training, steps) => {
       const metrics = [];
       while (!training.isFinished && training.step < steps) metrics.push((await training.advance()).metrics);
       return metrics;
     };`,
    files.map((name) => readFileSync(join(folder, name)).toString("base64")),
  );
  return {
    run,
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** Trains in Node.js, then in the page on a device, and compares every metric but those of time. */
export async function expectSame(
  opened: LibraryPage,
  config: PretrainConfig,
  folder: string,
  device: keyof typeof runtimes = "cpu",
): Promise<void> {
  await pretrain(config, folder, recordOptions());
  const wanted = readMetrics(folder);
  const found = await opened.run<typeof wanted>(
    "return train(await library.PageTraining.begin(given, images), Number.POSITIVE_INFINITY);",
    { ...config, run: { ...config.run, device } },
  );
  expect(found).toHaveLength(wanted.length);
  for (const [place, { imagesPerSecond: _, stepSeconds: __, dataWaitSeconds: ___, ...metrics }] of wanted.entries()) {
    for (const [metric, value] of Object.entries(metrics)) {
      const [own, theirs] = [found[place]![metric], value].map((each) => [each].flat() as number[]);
      for (const [block, each] of theirs!.entries()) {
        // A norm of gradients multiplies what rounding leaves; the loss is what is promised.
        const bound = metric === "gradientNorm" ? 1e-4 : 1e-5;
        const gap = Math.abs(own![block]! - each) / Math.max(1, Math.abs(each));
        expect(gap, `${metric}, step ${place + 1}`).toBeLessThan(bound);
      }
    }
  }
}

async function bundled(source: string): Promise<string> {
  const entry = "\0entry";
  const build = await rolldown({
    input: entry,
    cwd: repository,
    platform: "browser",
    external: (id) => id.startsWith("/runtime/"),
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm" });
  await build.close();
  return output[0].code;
}

/** Isolated from other pages, so that it may have threads. */
function serve(script: string): Promise<Server> {
  const server = createServer((request, response) => {
    const name = basename(request.url ?? "");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    if (request.url === "/")
      response.setHeader("Content-Type", "text/html").end('<script type="module" src="page.mjs"></script>');
    else if (request.url === "/page.mjs") response.setHeader("Content-Type", "text/javascript").end(script);
    else if (request.url?.startsWith("/runtime/") && existsSync(join(runtime, name))) {
      response.setHeader("Content-Type", kinds[extname(name)] ?? "text/plain").end(readFileSync(join(runtime, name)));
    } else response.writeHead(404).end();
  });
  return new Promise((done) => server.listen(0, "localhost", () => done(server)));
}
