import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAppConfig } from "../../../app/server/config";
import { loadPage, pageFiles } from "../../../app/server/page";
import { startRedis } from "../../../ops/redis/server";
import { startPod, stopPods } from "../helpers/pod";

describe("the page over HTTP", () => {
  let directory: string;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-page-"));
    for (const file of pageFiles) await writeFile(join(directory, file), `this is ${file}`);
    const settings = {
      SERVICE_NAME: "messaging-service",
      SERVICE_PATH: "/messaging",
      AUTH_MODE: "jwt",
    } as const;
    const page = loadPage(settings, directory);
    server = createServer((request, response) => {
      if (!page.answer(request, response)) response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });

  const get = (path: string, init: RequestInit = {}) =>
    fetch(`${origin}${path}`, { redirect: "manual", ...init });

  it("allows only its own files and sockets: no inline script, no frame", async () => {
    const answer = await get("/messaging/");
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("this is index.html");
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
  });

  it("redirects to the slash that its own links need, whatever host the edge has", async () => {
    const answer = await get("/messaging");
    expect(answer.status).toBe(308);
    expect(new URL(answer.headers.get("location") ?? "", `${origin}/messaging`).pathname).toBe("/messaging/");
  });

  it("serves the settings that the page needs before it connects", async () => {
    expect(await (await get("/messaging/service.json")).json()).toEqual({
      service: "messaging-service",
      auth: "jwt",
    });
  });

  it("sends a file again only when it has changed", async () => {
    const etag = (await get("/messaging/page.js")).headers.get("etag") ?? "";
    expect((await get("/messaging/page.js", { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await get("/messaging/page.js", { headers: { "if-none-match": '"old"' } })).status).toBe(200);
  });

  it.each([
    ["another method", "POST", "/messaging/", 405],
    ["a file that is not the page's", "GET", "/messaging/main.js", 404],
    ["a path beside the service's", "GET", "/other/", 404],
    ["a way out of the directory", "GET", "/messaging/..%2fmain.js", 404],
  ])("refuses %s", async (_title, method, path, status) => {
    expect((await get(path, { method })).status).toBe(status);
  });
});

describe("a pod without SERVE_PAGE", () => {
  afterEach(stopPods);

  it("serves no page", async () => {
    const redis = await startRedis();
    try {
      const pod = await startPod(redis.url);
      expect((await fetch(`${pod.url.replace("ws", "http")}/`)).status).toBe(404);
    } finally {
      await stopPods();
      await redis.stop();
    }
  });

  it("refuses a configuration in which the page could not connect", () => {
    const env = {
      SERVICE_NAME: "a",
      SERVICE_PATH: "/a",
      POD_NAME: "a-1",
      REDIS_URL: "redis://x",
      AUTH_MODE: "anonymous",
    };
    expect(() => loadAppConfig({ ...env, SERVE_PAGE: "true" })).toThrow("ALLOWED_ORIGINS");
    expect(loadAppConfig({ ...env, SERVE_PAGE: "true", ALLOWED_ORIGINS: "https://a" }).SERVE_PAGE).toBe(true);
  });
});
