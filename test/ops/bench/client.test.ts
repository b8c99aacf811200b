import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { LoadClient, type Received } from "../../bench/load/client";
import { protocols } from "../../bench/peers/protocols";
import { until } from "../until";

describe("a client of the benchmark's load", () => {
  let server: WebSocketServer;
  let clients: LoadClient[];

  beforeEach(async () => {
    server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    clients = [];
    await once(server, "listening");
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    server.close();
    await once(server, "close");
  });

  async function open(protocol: keyof typeof protocols, received: Received): Promise<LoadClient> {
    const client = new LoadClient(protocols[protocol], "room", received);
    clients.push(client);
    await client.open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, "client", undefined);
    return client;
  }

  test("counts each message and acknowledgement where a frame has several lines, as Centrifuge's do", async () => {
    const texts: string[] = [];
    server.on("connection", (socket) => {
      socket.on("message", (data: Buffer) => {
        const command = JSON.parse(data.toString()) as { id: number; publish?: { data: string } };
        texts.push(data.toString());
        if (command.publish) {
          const push = JSON.stringify({ push: { channel: "room", pub: { data: command.publish.data } } });
          socket.send(`${push}\n{"id":${command.id},"publish":{}}\n${push}\n{}`);
        } else if (command.id > 0) {
          socket.send(`{"id":${command.id}}`);
        }
      });
    });
    const received: Received = { deliverMs: [], ackMs: [], errors: [] };
    const client = await open("centrifuge", received);
    client.publish();
    await until("an answer to the ping", () => texts.at(-1) === "{}");
    expect(received.deliverMs).toHaveLength(2);
    expect(received.ackMs).toHaveLength(1);
    for (const ms of [...received.deliverMs, ...received.ackMs]) expect(ms).toBeGreaterThanOrEqual(0);
    expect(received.errors).toEqual([]);
  });

  test("reports what the server refuses, and a close", async () => {
    server.on("connection", (socket) => {
      socket.on("message", () => {
        socket.send(`{"type":"sync","room":"room","offset":0}`);
        socket.send(`{"type":"error","message":"slower, please"}`);
        socket.close(4000, "enough");
      });
    });
    const received: Received = { deliverMs: [], ackMs: [], errors: [] };
    await open("holdfast", received);
    await until("both", () => received.errors.length === 2);
    expect(received.errors).toEqual(["slower, please", "closed with 4000 enough"]);
  });
});
