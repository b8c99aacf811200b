import { Edge } from "../../../../ops/local/edge/edge";
import { routesOf } from "../../../../ops/local/edge/routes";
import type { Ingress } from "../../../../ops/local/manifest";
import { BrowserCookies } from "./browser-cookies";
import { FakeEndpoint } from "../fake-endpoint";
import { ingress, persistentCookie } from "../fixtures";
import { openSocket } from "../socket";

/**
 * How often a browser that returns to a service reaches another pod, with common Ingresses. The figures are in
 * docs/migrating-from-ingress-nginx.md.
 */

const services = ["messaging", "streaming"] as const;
type Service = (typeof services)[number];

let pods: Record<Service, FakeEndpoint[]>;

beforeAll(async () => {
  const three = (service: string) =>
    Promise.all([1, 2, 3].map((pod) => FakeEndpoint.listen(`${service}-${pod}`)));
  pods = { messaging: await three("messaging"), streaming: await three("streaming") };
});
afterAll(() => Promise.all(Object.values(pods).flatMap((of) => of.map((pod) => pod.close()))));

/** As in most guides: one Ingress, two services, the cookie at the path `/`. */
const together: readonly Ingress[] = [
  {
    metadata: ingress({ annotations: { ...persistentCookie, "session-cookie-path": "/" } }).metadata,
    spec: { rules: services.flatMap((service) => ingress({ service }).spec?.rules ?? []) },
  },
];

/** As in this program: an Ingress and a cookie path for each service. */
const apart = (cookieName = "SERVERID"): readonly Ingress[] =>
  services.map((service) =>
    ingress({
      service,
      annotations: {
        ...persistentCookie,
        "session-cookie-name": cookieName,
        "session-cookie-path": `/${service}`,
      },
    }),
  );

/** A browser that keeps its cookies, and the pod of its last visit to each service. */
class Visitor {
  readonly #cookies = new BrowserCookies();
  readonly #last = new Map<Service, string>();

  /** Visits both services in turn; returns the number of returns, and how many of them reached another pod. */
  async visit(edge: Edge, times: number): Promise<{ returns: number; moved: number }> {
    const result = { returns: 0, moved: 0 };
    for (let visit = 0; visit < times; visit++) {
      const service = services[visit % services.length] ?? "messaging";
      const path = `/${service}/chat/lobby`;
      const { socket, pod, setCookie } = await openSocket(`ws://127.0.0.1:${edge.port}${path}`, {
        headers: { cookie: this.#cookies.headerFor(path) },
      });
      socket.terminate();
      // The pods' own cookies come first.
      for (const header of setCookie) this.#cookies.store(header);
      const last = this.#last.get(service);
      if (last !== undefined) {
        result.returns++;
        if (last !== pod) result.moved++;
      }
      this.#last.set(service, pod ?? "");
    }
    return result;
  }
}

async function through<T>(ingresses: readonly Ingress[], use: (edge: Edge) => Promise<T>): Promise<T> {
  const edge = await Edge.listen({
    routes: routesOf(ingresses),
    endpoints: (service) => pods[service as Service],
    host: "127.0.0.1",
    port: 0,
  });
  try {
    return await use(edge);
  } finally {
    await edge.close();
  }
}

describe("a browser that uses two services in turn", () => {
  it("moves on most returns if both share a cookie at the path /", async () => {
    // The local edge uses pods in turn, so the figures are the same each time.
    expect(await through(together, (edge) => new Visitor().visit(edge, 51))).toEqual({
      returns: 49,
      moved: 49,
    });
  });

  it("never moves if each service has its own cookie path", async () => {
    expect(await through(apart(), (edge) => new Visitor().visit(edge, 51))).toEqual({
      returns: 49,
      moved: 0,
    });
  });

  it("keeps moving when the shared cookie is replaced by one of the same name at another path", async () => {
    const visitor = new Visitor();
    await through(together, (edge) => visitor.visit(edge, 2));
    // The old cookie names a pod of the service that was visited last: only that service keeps the client.
    expect(await through(apart(), (edge) => visitor.visit(edge, 24))).toEqual({ returns: 24, moved: 11 });
  });

  it("moves once for each service when the new cookie has its own name", async () => {
    const visitor = new Visitor();
    await through(together, (edge) => visitor.visit(edge, 2));
    const moved = await through(apart("POD"), async (edge) => {
      const first = await visitor.visit(edge, 2);
      const later = await visitor.visit(edge, 22);
      return { first: first.moved, later: later.moved };
    });
    expect(moved.first).toBeLessThanOrEqual(services.length);
    expect(moved.later).toBe(0);
  });
});
