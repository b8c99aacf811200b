import { WebSocket } from "ws";
import { HoldfastClient } from "../../../app/client/node";
import { CookieJar } from "../../load/cookie-jar";
import { within } from "../../process/wait";
import type { Reconnects } from "../snapshot";
import { dialing } from "./upgrade";
import type { Route } from "./route";

/** How often the client's socket is cut. */
const cuts = 3;
/** The longest time until a client is served again. Milliseconds. */
const limitMs = 30_000;

/**
 * Connects as a Holdfast client, cuts its socket several times, and measures the time until it is served again. Then leaves
 * permanently. An error is reported in `failed`, so that one unreachable service does not hide the others.
 */
export async function measureReconnects(
  route: Route,
  servicePath: string,
  token: string | undefined,
): Promise<Reconnects> {
  const cookies = new CookieJar();
  let current: WebSocket | undefined;
  const follow = (socket: WebSocket) => (current = socket);
  const webSocket = class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, dialing(route, cookies.header));
      this.once("upgrade", ({ headers }) => cookies.store(headers["set-cookie"]));
      // The client's own event reports it; without a listener, ws would throw.
      this.on("error", () => undefined);
      follow(this);
    }
  };
  const client = new HoldfastClient({
    url: `ws://${route.host}${servicePath === "/" ? "" : servicePath}`,
    webSocket,
    ...(token !== undefined && { token }),
  });
  const ms: number[] = [];
  let resumed = 0;
  let wasServed = false;
  try {
    await within("a first connection", limitMs, client.connect());
    wasServed = true;
    for (let cut = 0; cut < cuts; cut++) {
      const from = performance.now();
      const back = new Promise<boolean>((resolve) => {
        const off = client.on("connected", (connected) => {
          off();
          resolve(connected.resumed);
        });
      });
      current?.terminate();
      if (await within("to be served again", limitMs, back)) resumed++;
      ms.push(performance.now() - from);
    }
    return { via: route.via, ms, resumed };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { via: route.via, ms, resumed, failed: { wasServed, reason } };
  } finally {
    await client.close();
  }
}
