import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { join } from "node:path";
import type { AppConfig } from "./config";

/** Next to this file's bundle: the build writes `app/web` there. */
const directory = join(__dirname, "web");

/** The files of the page, by their name in the URL. */
const files = {
  "": { file: "index.html", type: "text/html; charset=utf-8" },
  "page.css": { file: "page.css", type: "text/css; charset=utf-8" },
  "page.js": { file: "page.js", type: "text/javascript; charset=utf-8" },
  "client.mjs": { file: "client.mjs", type: "text/javascript; charset=utf-8" },
  "geist.woff2": { file: "geist.woff2", type: "font/woff2" },
  "geist-mono.woff2": { file: "geist-mono.woff2", type: "font/woff2" },
  "icon.svg": { file: "icon.svg", type: "image/svg+xml" },
} as const;

/** The files that the build must have written. */
export const pageFiles: readonly string[] = Object.values(files).map(({ file }) => file);

/**
 * Headers of every answer. They allow only the page's own files and sockets, no inline script or style and no frame. Text that
 * users write can never become markup (Trusted Types).
 */
const securityHeaders = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
} satisfies OutgoingHttpHeaders;

/** The settings that the page loads before it connects, from `service.json`. */
export interface PageSettings {
  readonly service: string;
  readonly auth: AppConfig["AUTH_MODE"];
}

interface Resource {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

/** The page in memory: a few small files, read once. */
export class Page {
  readonly #path: string;
  readonly #resources: ReadonlyMap<string, Resource>;

  /** @param path the path of the page, without the slash at the end */
  constructor(path: string, resources: ReadonlyMap<string, Resource>) {
    this.#path = path;
    this.#resources = resources;
  }

  /** Answers a request for the page. Returns false if the request is for something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const path = request.url?.split("?", 1)[0] ?? "";
    const reading = request.method === "GET" || request.method === "HEAD";
    if (path === this.#path && path !== "") {
      // The page's links are relative, so the slash at the end matters. The redirect is relative too, because the pod does not
      // know the edge's host.
      const location = `${path.slice(path.lastIndexOf("/") + 1)}/`;
      response.writeHead(308, { ...securityHeaders, location, "cache-control": "no-store" }).end();
      return true;
    }
    const resource = path.startsWith(`${this.#path}/`)
      ? this.#resources.get(path.slice(this.#path.length + 1))
      : undefined;
    if (resource === undefined) return false;
    if (!reading) {
      response.writeHead(405, { ...securityHeaders, allow: "GET, HEAD" }).end();
      return true;
    }
    const { type, body, etag } = resource;
    // Browsers check for a new version each time, so that a rollout never leaves a browser with files of two versions.
    const headers = { ...securityHeaders, "cache-control": "no-cache", etag };
    if (request.headers["if-none-match"] === etag) response.writeHead(304, headers).end();
    else
      response.writeHead(200, { ...headers, "content-type": type, "content-length": body.length }).end(body);
    return true;
  }
}

/** Reads the page's files. Throws if the build is incomplete. */
export function loadPage(
  { SERVICE_NAME, SERVICE_PATH, AUTH_MODE }: Pick<AppConfig, "SERVICE_NAME" | "SERVICE_PATH" | "AUTH_MODE">,
  from = directory,
): Page {
  const settings: PageSettings = { service: SERVICE_NAME, auth: AUTH_MODE };
  const resources = new Map<string, Resource>(
    Object.entries(files).map(([name, { file, type }]) => [
      name,
      resource(type, readFileSync(join(from, file))),
    ]),
  );
  resources.set("service.json", resource("application/json", Buffer.from(JSON.stringify(settings))));
  return new Page(SERVICE_PATH, resources);
}

function resource(type: string, body: Buffer): Resource {
  return { type, body, etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"` };
}
