import { findRoute, routesOf } from "../../../../ops/local/edge/routes";
import { ingress } from "../fixtures";

const routes = routesOf([
  ingress({ service: "messaging", host: "api.test", path: "/messaging" }),
  ingress({ service: "streaming", host: "api.test", path: "/streaming/" }),
  ingress({
    service: "archive",
    host: "api.test",
    path: "/messaging/archive",
    annotations: { "proxy-read-timeout": "3600" },
  }),
  ingress({ service: "wild", host: "*.test", path: "/" }),
  ingress({ service: "any", path: "/" }),
]);

describe("findRoute", () => {
  it.each([
    ["api.test", "/messaging/chat/lobby", "messaging"],
    ["api.test:8080", "/messaging", "messaging"],
    ["API.test", "/messaging/", "messaging"],
    ["api.test", "/messaging/archive/1", "archive"],
    ["api.test", "/messaging-old/chat", "wild"],
    ["api.test", "/streaming/chat/x", "streaming"],
    ["api.test", "/streaming", "streaming"],
    ["other.test", "/messaging/chat/lobby", "wild"],
    ["a.b.test", "/", "any"],
    ["127.0.0.1:8080", "/messaging", "any"],
  ])("%s%s leads to %s", (host, path, service) => {
    expect(findRoute(routes, host, path)?.service).toBe(service);
  });

  it("finds nothing if no host matches", () => {
    expect(findRoute(routes.slice(0, 2), "other.test", "/messaging")).toBeUndefined();
  });
});

describe("routesOf", () => {
  it("reads the idle timeout, and knows nginx' default of 60 s", () => {
    expect(routes.map(({ idleMs }) => idleMs)).toEqual([60_000, 60_000, 3_600_000, 60_000, 60_000]);
  });

  it("refuses two Services on one path of a host", () => {
    const twice = [ingress({ service: "one", path: "/x" }), ingress({ service: "two", path: "/x" })];
    expect(() => routesOf(twice)).toThrow("*/x routes to both one and two; give each Service its own path");
  });
});
