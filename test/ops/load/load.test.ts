import { Load } from "../../../ops/load/load";
import { PlainClient } from "../../../ops/load/plain-client";
import { judge } from "../../../ops/load/verdict";
import { until } from "../until";
import { FakeRoomServer } from "./fake-room-server";

let server: FakeRoomServer;
let load: Load;

beforeEach(async () => {
  server = await FakeRoomServer.listen();
  const target = { service: "echo", url: `${server.url}/echo` };
  load = new Load({
    targets: [
      { ...target, entry: "clientIp", clientNetwork: "127.1" },
      { ...target, entry: "cookie" },
    ],
    clients: 12,
    roomsPerService: 3,
    rate: 200,
    makeClient: (args) => new PlainClient(args),
  });
});
afterEach(async () => {
  await load.stop();
  await server.close();
});

/** Publishes this many messages, and waits for their deliveries. */
async function run(messages: number): Promise<ReturnType<typeof judge>> {
  await load.connect(5_000);
  load.startPublishing();
  await until(`${messages} messages are out`, () => load.journal.published.length >= messages);
  load.stopPublishing();
  await load.settle(100, 5_000);
  return judge(load.journal);
}

describe("Load", () => {
  it("receives every message if nothing goes wrong", async () => {
    const verdict = await run(60);
    const { sent } = verdict;
    // 12 clients in 3 rooms: each message is due at 4 clients.
    expect(verdict).toMatchObject({
      expected: sent * 4,
      delivered: sent * 4,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
    });
    expect(load.outstanding).toBe(0);
    expect(load.journal.clients.flatMap(({ closes, refusals }) => [closes, refusals]).flat()).toEqual([]);
  });

  it("publishes from each room's first client by each route, in turn", async () => {
    await run(60);
    const publishers = new Set(load.journal.published.map(({ publisher }) => publisher));
    expect(publishers.size).toBe(6);
    const numbers = load.journal.published.filter(({ publisher }) => publisher === "client-0");
    expect(numbers.map(({ number }) => number)).toEqual(numbers.map((_, index) => index + 1));
  });

  it("detects lost and duplicated messages", async () => {
    server.mangle = (line) => (line.includes('"client-0:1"') ? 0 : line.includes('"client-0:2"') ? 2 : 1);
    expect(await run(60)).toMatchObject({ lost: 4, duplicated: 4, outOfOrder: 0 });
  });

  it("breaks connections and has the clients back in their rooms", async () => {
    await load.connect(5_000);
    await load.reconnect(8, 5_000);
    const { clients } = load.journal;
    expect(clients.map(({ connections }) => connections.length)).toEqual([
      2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1,
    ]);
    expect(new Set(clients.flatMap(({ connections }) => connections.map(({ pod }) => pod)))).toEqual(
      new Set(["pod-1"]),
    );
    // Sockets that the load itself broke are not reported as closed.
    expect(clients.flatMap(({ closes }) => closes)).toEqual([]);
  });

  it("notes the code of each close, and reconnects", async () => {
    await load.connect(5_000);
    server.closeAll(1012);
    const { clients } = load.journal;
    await until("all are back", () => clients.every(({ connections }) => connections.length === 2));
    expect(clients.map(({ closes }) => closes.map(({ code }) => code))).toEqual(clients.map(() => [1012]));
  });

  it("keeps a client's messages while it is away", async () => {
    await load.connect(5_000);
    server.closeAll(1012);
    load.startPublishing();
    await until("messages are out", () => load.journal.published.length >= 20);
    load.stopPublishing();
    await load.settle(200, 5_000);
    const { published, clients } = load.journal;
    const arrived = new Set(clients.flatMap(({ arrivals }) => arrivals.map(({ id }) => id)));
    expect([...arrived].toSorted()).toEqual(published.map(({ id }) => id).toSorted());
  });

  it("leaves no socket when it stops, even when stopped twice", async () => {
    await load.connect(5_000);
    await Promise.all([load.stop(), load.stop()]);
    await until("the server has no connection", () => server.connections === 0);
  });

  it("reports what it could not do", async () => {
    server.mangle = () => 0;
    await expect(load.connect(300)).rejects.toThrow(
      "not within 300 ms: a message reaches every client in its room",
    );
  });
});
