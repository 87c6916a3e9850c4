// Who may ask what: requests that another site's page, another name for this machine or a stranger could send are refused.

import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { MiddlewareHandler } from "hono";

export interface AccessRules {
  /** What the printed address holds; who does not send it is told nothing of the runs. */
  readonly token: string;
  /** Where the server listens; "localhost", a name or an address. */
  readonly host: string;
  /** Known once it listens. */
  readonly port: () => number;
}

/** But for images that are given, an address and a token are all that a request holds. */
const LONGEST_URL = 2048;
const TAKES_IMAGES = /^\/api\/(runs\/\w+\/explore|embeddings\/\w+\/similar)$/;
/** Bytes of the images that are given, together. */
export const LARGEST_GIVEN = 64 * 2 ** 20;

const headers: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Cache-Control": "no-store",
};

/**
 * For every request: what is asked must be a short question to this server by its own name, without a body, unless it gives
 * images to compute with.
 */
export function onlyOwnPage({ host, port }: AccessRules): MiddlewareHandler {
  return async (context, next) => {
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    const { method, url } = context.req;
    const asked = (name: string) => context.req.header(name);
    const givesImages = method === "POST" && TAKES_IMAGES.test(context.req.path);
    if (method !== "GET" && method !== "HEAD" && !givesImages) {
      context.header("Allow", "GET, HEAD");
      return context.text(`Expected GET; found ${method}. The dashboard only shows: it changes nothing.\n`, 405);
    }
    const bytes = Number(asked("content-length") ?? 0);
    if (givesImages && !(bytes <= LARGEST_GIVEN)) {
      const limit = `${LARGEST_GIVEN / 2 ** 20} MiB`;
      return context.text(`Expected images of at most ${limit} together; found more. Give smaller ones.\n`, 413);
    }
    if ((!givesImages && bytes > 0) || asked("transfer-encoding") !== undefined) {
      return context.text("Expected a request without a body; found one with a body. Send none.\n", 413);
    }
    if (url.length > LONGEST_URL) {
      return context.text(`Expected an address of at most ${LONGEST_URL} characters; found ${url.length}.\n`, 414);
    }
    const own = asked("host");
    if (own === undefined || !isOwnHost(own, host, port())) {
      return context.text(
        "Expected a request to this server by the address that it printed; found another name for it, which a page " +
          "of another site may have given it. Open the printed address.\n",
        403,
      );
    }
    const origin = asked("origin");
    if (origin !== undefined && origin !== `http://${own}`) {
      return context.text("Expected a request of the dashboard's own page; found one of another site.\n", 403);
    }
    return next();
  };
}

/** For everything that tells of runs. */
export function onlyWithToken({ token }: AccessRules): MiddlewareHandler {
  const expected = digest(token);
  return async (context, next) => {
    const from = context.req.header("sec-fetch-site");
    if (from !== undefined && from !== "same-origin" && from !== "none") {
      return context.text("Expected a request of the dashboard's own page; found one of another site.\n", 403);
    }
    const [scheme, found = ""] = (context.req.header("authorization") ?? "").split(" ");
    if (scheme !== "Bearer" || !timingSafeEqual(digest(found), expected)) {
      return context.text(
        "Expected the token of this dashboard; found none or another one. Open the address that mixedae dashboard " +
          "printed when it was started last.\n",
        401,
      );
    }
    return next();
  };
}

/** Of equal length, so that comparing them takes the same time whatever was sent. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * Whether a Host header is a name that this server is known by. A name that an attacker's page was reached by, and that
 * now leads here, is none.
 */
function isOwnHost(header: string, host: string, port: number): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d+))?$/i.exec(header);
  if (match === null || Number(match[2] ?? 80) !== port) return false;
  const name = match[1]!.replace(/^\[|\]$/g, "").toLowerCase();
  if (["localhost", "127.0.0.1", "::1", host.toLowerCase()].includes(name)) return true;
  // Where it listens for other machines, they reach it by an address, or by this machine's name.
  return !isLoopback(host) && (isIP(name) !== 0 || name === hostname().toLowerCase());
}

/** Whether only programs on this machine reach a server that listens there. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
