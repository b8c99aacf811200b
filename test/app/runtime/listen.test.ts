import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { closeServer, listen } from "../../../app/runtime/listen";
import { loadAppConfig } from "../../../app/server/config";

const environment = {
  SERVICE_NAME: "chat",
  SERVICE_PATH: "/chat",
  POD_NAME: "chat-0",
  REDIS_URL: "redis://127.0.0.1:6379",
  AUTH_MODE: "anonymous",
};

it("listens on IPv4 and IPv6 by default, because some clusters have IPv6 alone", async () => {
  const server = createServer((_request, response) => response.end("here"));
  await listen(server, 0, loadAppConfig(environment).BIND_ADDRESS);
  const { port } = server.address() as AddressInfo;
  for (const host of ["127.0.0.1", "[::1]"]) {
    expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe("here");
  }
  await closeServer(server);
});
