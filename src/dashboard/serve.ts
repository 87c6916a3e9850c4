// Starts the dashboard: one server, one random token, until it is closed.

import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { errorCode, storageError } from "../files/storage.js";
import { createApp } from "./app.js";
import { Catalogue } from "./catalogue.js";
import { EmbeddingAnswers } from "./embeddings/embedding-question.js";
import { exploreAnswers } from "./explorer/explore-question.js";
import { shownFolder } from "./find-places.js";
import { type PageFiles, readPageFiles } from "./page-files.js";

export interface DashboardOptions {
  readonly version: string;
  /** "localhost" by default: only programs on this machine reach it. */
  readonly host?: string | undefined;
  /** 0 for any free one. */
  readonly port?: number | undefined;
  /** Where the port is taken, any free one will do. */
  readonly anyPort?: boolean | undefined;
  /** Random by default. */
  readonly token?: string | undefined;
  /** That of this package by default. */
  readonly page?: PageFiles | undefined;
  /** Between two looks at the runs, in milliseconds. */
  readonly lookEvery?: number | undefined;
}

export interface Dashboard {
  /** To be opened in a browser; holds the token. */
  readonly address: string;
  readonly catalogue: Catalogue;
  close(): Promise<void>;
}

/** Throws StorageError where a folder is not there, or the server cannot listen; RunDirectoryError without a page. */
export async function serveDashboard(folders: readonly string[], options: DashboardOptions): Promise<Dashboard> {
  const { version, host = "localhost", port = 0, token = randomBytes(24).toString("base64url") } = options;
  const catalogue = new Catalogue(
    folders.map((folder) => {
      try {
        return shownFolder(folder);
      } catch (error) {
        throw storageError(error, "show", folder);
      }
    }),
    version,
  );
  const explorer = exploreAnswers();
  const embeddings = new EmbeddingAnswers();
  const app = createApp(catalogue, {
    explorer,
    embeddings,
    token,
    host,
    port: () => (server.address() as AddressInfo).port,
    page: options.page ?? readPageFiles(),
    ...(options.lookEvery !== undefined && { lookEvery: options.lookEvery }),
  });
  const server = createServer({ maxHeaderSize: 8192 }, getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  // Not "localhost" itself: which of its addresses a system takes first differs.
  const listened = host === "localhost" ? "127.0.0.1" : host;
  await listen(server, listened, port).catch((error: unknown) => {
    if (errorCode(error) === "EADDRINUSE" && options.anyPort === true) return listen(server, listened, 0);
    throw storageError(error, "listen on", `${host}:${port}`);
  });
  const shown = ["0.0.0.0", "::"].includes(host) ? "localhost" : host === "localhost" ? listened : host;
  const name = shown.includes(":") ? `[${shown}]` : shown;
  return {
    address: `http://${name}:${(server.address() as AddressInfo).port}/#token=${token}`,
    catalogue,
    close: async () => {
      const closed = new Promise<void>((done) => {
        server.close(() => done());
      });
      server.closeAllConnections();
      await Promise.all([closed, explorer.close(), embeddings.close()]);
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen({ host, port }, () => {
      server.off("error", fail);
      done();
    });
  });
}
