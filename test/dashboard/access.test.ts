// Attacks on the dashboard: strangers, pages of other sites, other names for this machine, and requests that are no questions.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Overview } from "#src/dashboard/api.js";
import type { Dashboard } from "#src/dashboard/serve.js";
import { ask, askFor, serveFolders, writeRun } from "./shown-runs.js";

const folder = mkdtempSync(join(tmpdir(), "mixedae-dashboard-"));
let dashboard: Dashboard;
let port: string;
let run: string;

beforeAll(async () => {
  writeRun(join(folder, "runs/first"));
  dashboard = await serveFolders([join(folder, "runs")]);
  port = new URL(dashboard.address).port;
  run = (await askFor<Overview>(dashboard, "/api/overview")).runs[0]!.id;
});

afterAll(async () => {
  await dashboard.close();
  rmSync(folder, { recursive: true, force: true });
});

const everyQuestion = () => [
  "/api/overview",
  "/api/live",
  `/api/runs/${run}`,
  `/api/runs/${run}/metrics`,
  `/api/runs/${run}/metrics.csv`,
  `/api/runs/${run}/pictures/50`,
  `/api/runs/${run}/explore`,
  "/api/studies/0",
  "/api/embeddings/0/map",
  "/api/embeddings/0/similar?row=0",
  "/api/embeddings/0/thumbnails?rows=0",
  "/api/whatever",
];

describe("the token", () => {
  test("is long, random, and in the part of the address that browsers do not send", async () => {
    const others = await Promise.all([1, 2].map(() => serve()));
    const tokens = others.map(({ address }) => new URL(address).hash.replace("#token=", ""));
    expect(new Set(tokens).size).toBe(2);
    expect(tokens.every((token) => token.length >= 32)).toBe(true);
    await Promise.all(others.map((each) => each.close()));

    async function serve() {
      const { serveDashboard } = await import("#src/dashboard/serve.js");
      const page = { html: "", script: "", style: "" };
      return serveDashboard([folder], { version: "1", page });
    }
  });

  test.each([
    ["no token", false],
    ["a wrong token", "the-tokeN"],
    ["a part of it", "the-toke"],
    ["more than it", "the-token2"],
    ["an empty one", ""],
  ] as const)("every question with %s is refused, with what to do", async (_, token) => {
    for (const path of everyQuestion()) {
      const { status, text } = await ask(dashboard, path, { token });
      expect([path, status]).toEqual([path, 401]);
      expect(text).toContain("Open the address that mixedae dashboard");
    }
  });

  test("in the address or in a cookie is none", async () => {
    const options = { token: false, headers: { cookie: "token=the-token" } } as const;
    expect((await ask(dashboard, "/api/overview?token=the-token", options)).status).toBe(401);
  });

  test("the page itself tells nothing, and needs none", async () => {
    for (const path of ["/", "/page.js", "/page.css"]) {
      const { status, headers } = await ask(dashboard, path, { token: false });
      expect(status).toBe(200);
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });
});

describe("other names for this machine", () => {
  test.each(["localhost", "127.0.0.1", "[::1]"])("%s is its own name", async (name) => {
    expect((await ask(dashboard, "/api/overview", { headers: { host: `${name}:${port}` } })).status).toBe(200);
  });

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.1",
    "localhost@evil.example",
  ])("a name that was made to lead here (%s) is refused, also with the token", async (name) => {
    for (const path of ["/", "/api/overview"]) {
      const { status, text } = await ask(dashboard, path, { headers: { host: `${name}:${port}` } });
      expect([403, 400]).toContain(status);
      expect(text).not.toContain("first");
      expect(text).not.toContain("<!doctype");
    }
  });

  test("no name is none", async () => {
    expect(await raw("GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1.1 40[03]/);
  });

  test("another port is another server", async () => {
    expect((await ask(dashboard, "/api/overview", { headers: { host: "localhost:1" } })).status).toBe(403);
  });

  test("where it listens for others, addresses are taken, and other names are not", async () => {
    const open = await serveFolders([join(folder, "runs")], "0.0.0.0");
    const own = new URL(open.address).port;
    const status = async (host: string) =>
      (await ask(open, "/api/overview", { headers: { host: `${host}:${own}` } })).status;
    expect(await status("192.168.1.2")).toBe(200);
    expect(await status("evil.example")).toBe(403);
    await open.close();
  });
});

describe("pages of other sites", () => {
  test.each(["http://evil.example", "null", "https://localhost", "http://localhost:1"])("origin %s", async (origin) => {
    expect((await ask(dashboard, "/api/overview", { headers: { origin } })).status).toBe(403);
  });

  test.each(["cross-site", "same-site"])("requests that a browser marks as %s", async (site) => {
    expect((await ask(dashboard, "/api/overview", { headers: { "sec-fetch-site": site } })).status).toBe(403);
  });

  test("its own page is answered", async () => {
    const headers = { origin: `http://localhost:${port}`, host: `localhost:${port}`, "sec-fetch-site": "same-origin" };
    expect((await ask(dashboard, "/api/overview", { headers })).status).toBe(200);
  });
});

describe("requests that are no questions", () => {
  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s", async (method) => {
    const { status, headers } = await ask(dashboard, "/api/overview", { method });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  test("a body, of whatever size it says to be", async () => {
    const body = "x".repeat(1000);
    const headers = (size: number) => ({ "content-length": String(size) });
    expect((await ask(dashboard, "/api/overview", { body, headers: headers(1000) })).status).toBe(413);
    const asked = `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n`;
    expect(await raw(`${asked}Content-Length: 999999999999\r\n\r\n`)).toMatch(/^HTTP\/1.1 413/);
    expect(await raw(`${asked}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1.1 413/);
  });

  test("a long address, long headers, and what is no HTTP", async () => {
    expect((await ask(dashboard, `/api/overview?${"x".repeat(3000)}`)).status).toBe(414);
    expect((await ask(dashboard, "/api/overview", { headers: { "x-long": "x".repeat(20_000) } })).status).toBe(431);
    expect(await raw("\0\0\0\r\n\r\n")).toMatch(/^HTTP\/1.1 400/);
  });

  test("they leave it able to answer", async () => {
    expect((await ask(dashboard, "/api/overview")).status).toBe(200);
  });
});

describe("paths", () => {
  const attempts = [
    "/../../etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/page.js/../../../package.json",
    "//etc/passwd",
    "/api/runs/../../../etc/passwd",
    "/api/runs/..%2f..%2f..%2fetc%2fpasswd",
    "/api/runs/%2e%2e%5c%2e%2e/metrics.csv",
    "/api/runs/RUN/pictures/..%2f..%2fconfig.json",
    "/api/runs/RUN/pictures/../config.json",
    "/api/runs/RUN/pictures/50%00.png",
    "/api/runs/RUN/pictures/-1",
    "/api/runs/RUN/pictures/5e1",
    "/api/runs/RUN/pictures/999999999999999999999",
    "/api/runs/RUN/lock",
    "/api/studies/..%2f..",
    "/api/runs/__proto__",
    "/api/runs/constructor/metrics",
  ];

  test.each(attempts)("%s leads to no file", async (attempt) => {
    const { status, text } = await ask(dashboard, attempt.replace("RUN", run));
    expect(status).toBe(404);
    expect(text).not.toMatch(/root:|formatVersion|"name"/);
  });
});

test("nothing is written to a run that is looked at", async () => {
  const before = everything();
  for (const path of everyQuestion().filter((each) => each !== "/api/live")) await ask(dashboard, path);
  expect(everything()).toEqual(before);

  function everything() {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .sort()
      .map((name) => {
        const path = join(folder, name);
        return [name, statSync(path).mtimeMs, statSync(path).isFile() ? readFileSync(path, "utf8") : existsSync(path)];
      });
  }
});

/** What is answered to these bytes. */
function raw(bytes: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = createConnection({ host: "127.0.0.1", port: Number(port) }, () => socket.write(bytes));
    let text = "";
    socket.on("data", (part) => {
      text += part.toString();
    });
    socket.on("close", () => done(text));
    socket.on("error", fail);
  });
}
