import type { ClientOptions, ClientState } from "../../../app/client/index";
import { HoldfastClient } from "../../../app/client/node";
import { FakeServer } from "./fake-server";

/** Resolves once the client is in this state. */
export async function reached(client: HoldfastClient, state: ClientState): Promise<void> {
  if (client.state === state) return;
  await new Promise<void>((resolve) => {
    const forget = client.on("state", ({ to }) => {
      if (to !== state) return;
      forget();
      resolve();
    });
  });
}

/** A server for each test, and its clients, which reconnect without delay. All are stopped when the test ends. */
export function fixture(): {
  server: () => FakeServer;
  client: (options?: Partial<ClientOptions>) => HoldfastClient;
} {
  let server: FakeServer | undefined;
  const clients: HoldfastClient[] = [];
  beforeEach(async () => {
    server = await FakeServer.start();
  });
  afterEach(async () => {
    await server?.stop();
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  const running = (): FakeServer => {
    if (server === undefined) throw new Error("the server runs only within a test");
    return server;
  };
  return {
    server: running,
    client: (options) => {
      const client = new HoldfastClient({ url: running().url, random: () => 0, ...options });
      clients.push(client);
      return client;
    },
  };
}
