import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Keys } from "./tokens";

/** An issuer's key set endpoint on a real socket. Tests rotate its keys, break its answer, or stop it. */
export interface KeyServer {
  readonly url: string;
  /** The number of requests. */
  readonly requests: number;
  /** Publishes these keys from now on, by key id; undefined publishes a key without an id. */
  publish(keys: readonly (readonly [kid: string | undefined, keys: Keys])[]): void;
  /** Sends this answer from now on. */
  answer(status: number, body: string): void;
  /** Accepts requests from now on and never answers. */
  hang(): void;
  stop(): Promise<void>;
}

export async function startKeyServer(): Promise<KeyServer> {
  let requests = 0;
  let answer: { status: number; body: string } | undefined;
  const server = createServer((_request, response) => {
    requests += 1;
    if (answer !== undefined) response.writeHead(answer.status).end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/keys`,
    get requests() {
      return requests;
    },
    publish(entries) {
      const keys = entries.map(([kid, { publicKey }]) => ({
        ...publicKey.export({ format: "jwk" }),
        ...(kid !== undefined && { kid }),
      }));
      answer = { status: 200, body: JSON.stringify({ keys }) };
    },
    answer(status, body) {
      answer = { status, body };
    },
    hang() {
      answer = undefined;
    },
    async stop() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
