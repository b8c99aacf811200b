import { Balancer } from "../../../../ops/local/edge/balancer";
import {
  cookieAffinity,
  cookieValue,
  readCookie,
  setCookie,
} from "../../../../ops/local/edge/cookie-affinity";
import type { Endpoint } from "../../../../ops/local/endpoints";
import { ingress, persistentCookie } from "../fixtures";

const endpoint = (pod: string, port: number): Endpoint => ({
  pod,
  address: "127.9.0.2",
  port,
  id: `${pod}/1`,
});
const [a, b, c] = [endpoint("a", 1), endpoint("b", 2), endpoint("c", 3)];
const read = (annotations: Record<string, string>) => cookieAffinity(ingress({ annotations }));

describe("cookieAffinity", () => {
  it.each([
    [
      "every attribute",
      { ...persistentCookie, "session-cookie-path": "/chat", "session-cookie-secure": "true" },
      "SERVERID",
      "Path=/chat; Max-Age=86400; Secure; HttpOnly; SameSite=Lax",
    ],
    [
      "ingress-nginx's defaults",
      { affinity: "cookie", "affinity-mode": "persistent" },
      "INGRESSCOOKIE",
      "Path=/echo; HttpOnly",
    ],
  ])("sets %s", (_title, annotations, name, attributes) => {
    const affinity = read(annotations);
    expect(affinity && setCookie(affinity, "/echo", a)).toBe(`${name}=${cookieValue(a)}; ${attributes}`);
  });

  it("is absent if the Ingress declares none", () => {
    expect(read({})).toBeUndefined();
  });

  it("refuses the balanced mode, which is nginx' default and moves clients when pods come", () => {
    expect(() => read({ affinity: "cookie" })).toThrow(
      "affinity-mode is balanced; the local edge supports only persistent",
    );
  });
});

describe("readCookie", () => {
  it.each([
    ["SERVERID=x", "x"],
    ["a=1; SERVERID=x; SERVERID=y; b=2", "y"],
    ["XSERVERID=x", undefined],
    [undefined, undefined],
  ])("of %p is %p", (header, value) => {
    expect(readCookie(header, "SERVERID")).toBe(value);
  });
});

describe("Balancer", () => {
  const affinity = read(persistentCookie);
  const loyal = read({ ...persistentCookie, "session-cookie-change-on-failure": "false" });
  const endpoints = [a, b, c];
  const toB = cookieValue(b);

  it.each([
    ["follows the cookie", { endpoints, affinity, cookie: toB, failed: [] }, b, false],
    [
      "binds a client without cookie to the next in turn",
      { endpoints, affinity, cookie: undefined, failed: [] },
      a,
      true,
    ],
    [
      "binds anew when the cookie's pod is gone",
      { endpoints: [a, c], affinity, cookie: toB, failed: [] },
      a,
      true,
    ],
    [
      "binds anew when the cookie's pod cannot be reached",
      { endpoints, affinity, cookie: toB, failed: [b] },
      a,
      true,
    ],
    [
      "stays with an unreachable pod without change-on-failure",
      { endpoints, affinity: loyal, cookie: toB, failed: [b] },
      b,
      false,
    ],
    ["passes over what failed", { endpoints, affinity, cookie: undefined, failed: [a, b] }, c, true],
    [
      "sets no cookie without affinity, nor reads one",
      { endpoints, affinity: undefined, cookie: toB, failed: [] },
      a,
      false,
    ],
  ])("%s", (_title, request, chosen, setsCookie) => {
    expect(new Balancer().choose(request)).toEqual({ endpoint: chosen, setsCookie });
  });

  it("takes turns between clients without a cookie", () => {
    const balancer = new Balancer();
    const request = { endpoints, affinity: undefined, cookie: undefined, failed: [] };
    const turns = Array.from({ length: 4 }, () => balancer.choose(request)?.endpoint.pod);
    expect(turns).toEqual(["a", "b", "c", "a"]);
  });

  it("has no answer if every endpoint failed", () => {
    expect(
      new Balancer().choose({ endpoints: [a], affinity, cookie: undefined, failed: [a] }),
    ).toBeUndefined();
  });
});
