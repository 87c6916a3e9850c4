// A page in Chromium that has the library and ONNX Runtime for browsers, from a server of its own.
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { rolldown } from "rolldown";
import { repository } from "../docs/pages.js";

export const chromiumPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
const runtime = join(repository, "node_modules/onnxruntime-web/dist");
const kinds: Readonly<Record<string, string>> = { ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** `script` is what the page runs; it is bundled with what it imports of the library. */
export interface LibraryPage {
  readonly page: Page;
  close(): Promise<void>;
}

/** Opens the page; `globalThis.library` is `mixedae/browser` with its engines, on as many threads as are asked for. */
export async function openLibraryPage(threads: number): Promise<LibraryPage> {
  const script = await bundled(`
    import * as library from "mixedae/browser";
    import * as ort from "/runtime/ort.wasm.min.mjs";
    ort.env.wasm.wasmPaths = "/runtime/";
    ort.env.wasm.numThreads = ${threads};
    library.registerBrowserEngines(ort);
    globalThis.library = library;
  `);
  const server = await serve(script);
  const browser: Browser = await chromium.launch({ executablePath: chromiumPath!, args: ARGUMENTS });
  const page = await browser.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.library !== undefined");
  return {
    page,
    async close() {
      await browser.close();
      server.close();
    },
  };
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
