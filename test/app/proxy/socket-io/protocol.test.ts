import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { engineQuery, joinSid, splitSid, withSid } from "../../../../app/proxy/socket-io/engine-target";
import { Assembler, type Packet } from "../../../../app/proxy/socket-io/assembler";
import { connectPacket, offsetIn, parseHead, withId } from "../../../../app/proxy/socket-io/packet";
import { PayloadScanner } from "../../../../app/proxy/socket-io/payload-scanner";
import { PodTags } from "../../../../app/proxy/socket-io/pod-tags";
import { answerMs, SocketIoSession } from "../../../../app/proxy/socket-io/session";
import { Bare, sample, startProxy, stopProxies, until } from "../helpers";

describe("parseHead", () => {
  it.each([
    ["40", { type: 0, namespace: "/", id: undefined }],
    ['40/admin,{"token":"x"}', { type: 0, namespace: "/admin", dataAt: 9 }],
    ["40/admin,", { type: 0, namespace: "/admin" }],
    ["40/admin", { type: 0, namespace: "/admin" }],
    ["41/admin,", { type: 1, namespace: "/admin" }],
    ['42["a",1]', { type: 2, namespace: "/", id: undefined, dataAt: 2 }],
    ['4212["a"]', { type: 2, id: 12, idAt: 2, dataAt: 4 }],
    ['42/n,7["a"]', { type: 2, namespace: "/n", id: 7, idAt: 5, dataAt: 6 }],
    ["430[]", { type: 3, id: 0 }],
    ['44{"message":"no"}', { type: 4 }],
    ['452-/n,3["a",{"_placeholder":true,"num":0}]', { type: 5, attachments: 2, namespace: "/n", id: 3 }],
  ])("of %s", (text, expected) => {
    expect(parseHead(text)).toMatchObject(expected);
  });

  it.each(["4", "49", "42", '42{"a":1}', "45[]", '450-["a"]', '459999-["a"]', "hello", "2", '401["a"]'])(
    "is undefined for %s",
    (text) => {
      expect(parseHead(text)).toBeUndefined();
    },
  );

  it("lets an id be changed, and nothing else", () => {
    const text = '42/n,7["a","7"]';
    const head = parseHead(text);
    expect(head && withId(text, head, 1_234)).toBe('42/n,1234["a","7"]');
    expect(connectPacket("/", '{"a":1}')).toBe('40{"a":1}');
    expect(connectPacket("/n", "")).toBe("40/n,");
  });

  it("finds offsets, and nothing else", () => {
    expect(offsetIn('42["said","hi","1700000000000-0"]')).toBe("1700000000000-0");
    expect(offsetIn('42["said",{"a":"b"},"PKb-x.9_"]')).toBe("PKb-x.9_");
    for (const text of [
      '42["said"]',
      '42["said","hi there"]',
      '42["said",["a","b"]]',
      '42["said",{"a":"b"}]',
    ])
      expect(offsetIn(text)).toBeUndefined();
  });
});

describe("session ids with a tag", () => {
  it("are distinguished from those without, and the rest of the query stays", () => {
    const tag = new PodTags("chat").tagOf("10.0.0.1:3000");
    const sid = joinSid("abc.d_-1", tag);
    expect(splitSid(sid)).toEqual({ sid: "abc.d_-1", tag });
    expect(splitSid("kxk_3WPpN7yMGyKEAAAB")).toEqual({ sid: "kxk_3WPpN7yMGyKEAAAB", tag: undefined });
    const target = `/socket.io/?EIO=4&x=%7e&transport=polling&t=a&sid=${sid}`;
    expect(engineQuery(target)).toEqual({ revision: "4", transport: "polling", sid });
    expect(withSid(target, "abc")).toBe("/socket.io/?EIO=4&x=%7e&transport=polling&t=a&sid=abc");
    expect(withSid(target, undefined)).toBe("/socket.io/?EIO=4&x=%7e&transport=polling&t=a");
    expect(withSid("/socket.io/?sid=a", undefined)).toBe("/socket.io/");
  });

  it("are the same from every proxy, differ by service, and name no address", () => {
    const tags = new PodTags("chat");
    const tag = tags.tagOf("10.0.0.1:3000");
    expect(tags.addressOf(tag)).toBeUndefined();
    tags.see(["10.0.0.1:3000", "10.0.0.2:3000"]);
    expect(tags.addressOf(tag)).toBe("10.0.0.1:3000");
    expect(new PodTags("chat").tagOf("10.0.0.1:3000")).toBe(tag);
    expect(new PodTags("other").tagOf("10.0.0.1:3000")).not.toBe(tag);
    expect(tag).toMatch(/^[\w-]{16}$/);
  });

  it("are known for an hour after their pod was seen last", () => {
    let now = 0;
    const tags = new PodTags("chat", () => now);
    tags.see(["a:1"]);
    now = 3_600_000;
    tags.see(["b:1"]);
    expect(tags.addressOf(tags.tagOf("a:1"))).toBe("a:1");
    now += 1;
    tags.see(["b:1"]);
    expect(tags.addressOf(tags.tagOf("a:1"))).toBeUndefined();
  });
});

describe("PayloadScanner", () => {
  it("finds packets however the payload is divided, and skips attachments and the rest", () => {
    const payload = Buffer.from(
      '40{"a":"ä"}\u001e2\u001e451-["x",{"_placeholder":true,"num":0}]\u001ebAQID\u001e42["y"]',
    );
    for (let size = 1; size <= payload.length; size++) {
      const found: string[] = [];
      const scanner = new PayloadScanner(({ text }) => found.push(text));
      for (let at = 0; at < payload.length; at += size) scanner.push(payload.subarray(at, at + size));
      scanner.end();
      expect(found).toEqual(['40{"a":"ä"}', '451-["x",{"_placeholder":true,"num":0}]', '42["y"]']);
    }
  });

  it("keeps only a head and a tail of a large packet", () => {
    const found: Packet[] = [];
    const scanner = new PayloadScanner((packet) => found.push(packet));
    scanner.push(Buffer.from('42["big","'));
    for (let i = 0; i < 100; i++) scanner.push(Buffer.alloc(65_536, "x"));
    scanner.push(Buffer.from('","17-0"]'));
    scanner.end();
    expect(found[0]?.text.length).toBeLessThan(70_000);
    expect(offsetIn(found[0]?.text ?? "")).toBe("17-0");
  });
});

/** A packet of one text frame. */
function packetOf(text: string): Packet {
  const read = new Assembler().push(Buffer.from(text), false);
  if (read.kind !== "packet") throw new Error(`${text} is ${read.kind}`);
  return read.packet;
}

describe("SocketIoSession", () => {
  const open = { sid: "s", pingInterval: 25_000, pingTimeout: 20_000 };
  const connected = (maxBytes = 1_048_576) => {
    const session = new SocketIoSession(open, maxBytes);
    session.toPod(packetOf('40/n,{"token":"x"}'), 0);
    const namespace = session.namespaces.get("/n");
    if (!namespace) throw new Error("no namespace");
    session.connected(namespace, packetOf('40/n,{"sid":"1","pid":"p"}'));
    return { session, namespace };
  };

  it("connects again as the client did, with pid and offset of the last event", () => {
    const { session, namespace } = connected();
    expect(session.payloadOf(namespace)).toBe('{"token":"x","pid":"p"}');
    session.toClient(namespace, packetOf('42/n,["said","hi","17-0"]'));
    session.toClient(namespace, packetOf('42/n,5["asked","18-0"]')); // an acknowledged event has no offset
    expect(session.payloadOf(namespace)).toBe('{"token":"x","pid":"p","offset":"17-0"}');
    expect(session.connected(namespace, packetOf('40/n,{"sid":"1","pid":"p"}'))).toBe(true);
    expect(session.connected(namespace, packetOf('40/n,{"sid":"2","pid":"q"}'))).toBe(false);
    expect(session.payloadOf(namespace)).toBe('{"token":"x","pid":"q"}');
    session.connected(namespace, packetOf('40/n,{"sid":"3"}'));
    expect(session.payloadOf(namespace)).toBe('{"token":"x"}');
  });

  it("drops an event that was not acknowledged in time, and the oldest of too many", () => {
    const { session } = connected(10_000);
    for (let id = 0; id < 100; id++) session.toPod(packetOf(`42/n,${id}["a"]`), 0);
    expect(session.unansweredBytes).toBeLessThanOrEqual(10_000);
    expect([...session.unanswered.keys()].at(-1)).toBe("/n\n99");
    session.toPod(packetOf('42/n,100["a"]'), answerMs);
    expect(session.podLost(false, answerMs + 1)).toBe(true);
    expect([...session.unanswered.keys()]).toEqual(["/n\n100"]);
  });

  it("disconnects a client whose event was in progress while two pods were cut, not while they closed", () => {
    const { session, namespace } = connected();
    session.toPod(packetOf('42/n,1["poison"]'), 0);
    expect([session.podLost(false, 1), session.podLost(false, 2)]).toEqual([true, true]);
    expect([session.podLost(true, 3), session.podLost(true, 4)]).toEqual([true, false]);
    session.answered(namespace, 1);
    expect(session.podLost(true, 5)).toBe(true);
  });

  it("drops packets for a namespace that the client has left", () => {
    const { session } = connected();
    session.toPod(packetOf("41/n,"), 0);
    expect(session.toPod(packetOf('42/n,["a"]'), 0)).toBeUndefined();
    expect(session.onUnknownNamespace("/n")).toBe(false);
    expect(session.unreadable).toBe(false);
  });

  it("passes packets for a namespace that it has not seen, and then keeps the pod", () => {
    const { session } = connected();
    const packet = packetOf('42/other,["a"]');
    expect(session.toPod(packet, 0)).toBe(packet);
    expect(session.unreadable).toBe(true);
  });

  it("keeps the pod of a client whose namespaces are above its limits", () => {
    const { session } = connected();
    session.toPod(packetOf(`40/big,{"a":"${"x".repeat(70_000)}"}`), 0);
    expect(session.unreadable).toBe(true);
  });
});

/** A pod that sends what the test says. */
async function scripted(serve: (socket: WebSocket, received: string[]) => void) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  pods.add(server);
  const received: string[] = [];
  const urls: string[] = [];
  server.on("connection", (socket, request) => {
    urls.push(request.url ?? "");
    socket.on("message", (data: Buffer, binary) =>
      received.push(binary ? `<${data.toString("hex")}>` : data.toString()),
    );
    serve(socket, received);
  });
  return { server, received, urls, address: `127.0.0.1:${(server.address() as { port: number }).port}` };
}

const pods = new Set<WebSocketServer>();

const open = '0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';

/** Confirms each namespace. */
function confirming(socket: WebSocket): void {
  socket.send(open);
  socket.on("message", (data: Buffer) => {
    if (data.toString().startsWith("40")) socket.send('40{"sid":"x"}');
  });
}

describe("the reconnect of Socket.IO, frame by frame", () => {
  afterEach(async () => {
    await stopProxies();
    for (const server of pods) {
      server.close();
      for (const socket of server.clients) socket.terminate();
    }
    pods.clear();
  });

  const env = { PROXY_MODE: "socket.io", SERVICE_PATH: "/" };
  const start = async (ready: Set<string>, query = "EIO=4&transport=websocket") => {
    const proxy = await startProxy(ready, env);
    const client = await new Bare(`${proxy.url.replace("/messaging", "")}/socket.io/?${query}`).opened();
    return { proxy, client };
  };
  const got = (client: Bare, text: string) =>
    until(
      () => client.texts.includes(text),
      () => client.texts.join(),
    );
  const received = ({ received: all }: { received: string[] }, text: string) =>
    until(
      () => all.includes(text),
      () => all.join(),
    );

  it("keeps half a binary event from the client, and half of one from the next pod", async () => {
    const header = '452-["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]';
    const one = await scripted((socket) => {
      confirming(socket);
      socket.on("message", (data: Buffer) => {
        if (data.toString() !== '42["go"]') return;
        socket.send(header);
        socket.send(Buffer.from([1]), () => socket.terminate()); // and never the second
      });
    });
    const two = await scripted(confirming);
    const ready = new Set([one.address]);
    const { client } = await start(ready);
    client.ws.send("40");
    await got(client, '40{"sid":"x"}');
    ready.add(two.address).delete(one.address);
    client.ws.send('42["go"]');
    await received(two, "40");
    client.ws.send(header);
    client.ws.send(Buffer.from([1]));
    client.ws.send(Buffer.from([2]));
    client.ws.send('42["behind"]');
    await received(two, '42["behind"]');
    expect(two.received).toEqual(["40", header, "<01>", "<02>", '42["behind"]']);
    expect(client.texts).toEqual([open, '40{"sid":"x"}', '40{"sid":"x"}']);
    expect(client.open).toBe(true);
  });

  it("answers the pods' pings itself, and passes only the first open packet to the client", async () => {
    const pod = await scripted((socket) => {
      confirming(socket);
      socket.send("2");
    });
    const { client } = await start(new Set([pod.address]));
    await received(pod, "3");
    client.ws.send("40");
    await got(client, '40{"sid":"x"}');
    expect(client.texts).toEqual([open, '40{"sid":"x"}']);
  });

  it("passes an unknown parser, and closes the client with its pod", async () => {
    const pod = await scripted((socket) => {
      socket.send(open);
      socket.on("message", (data: Buffer, binary) => socket.send(data, { binary }));
    });
    const other = await scripted(confirming);
    const ready = new Set([pod.address]);
    const { client } = await start(ready);
    const packed = Buffer.from([0x83, 0xa4, 0x74]);
    client.ws.send(packed);
    await until(
      () => client.received.length === 2,
      () => client.texts.join(),
    );
    expect(client.received[1]).toEqual({ data: packed, binary: true });
    ready.add(other.address);
    for (const socket of pod.server.clients) socket.close(1012);
    expect((await client.closed).code).toBe(1012);
    expect(other.urls).toEqual([]);
  });

  it("passes the protocol's revision 3 unchanged, including the pings of clients, and closes the client with its pod", async () => {
    const pod = await scripted((socket) => {
      socket.send(open);
      socket.on("message", (data: Buffer) => {
        if (data.toString() === "2") socket.send("3");
      });
    });
    const { client } = await start(new Set([pod.address]), "EIO=3&transport=websocket");
    client.ws.send("2");
    await got(client, "3");
    for (const socket of pod.server.clients) socket.terminate();
    expect((await client.closed).code).toBe(1001);
  });

  it("skips a pod that does not answer: the next one is dialled", async () => {
    const first = await scripted(confirming);
    const silent = await scripted(() => undefined);
    const good = await scripted(confirming);
    const ready = new Set([first.address]);
    const proxy = await startProxy(ready, { ...env, HANDSHAKE_TIMEOUT_SECONDS: "1" });
    const url = `${proxy.url.replace("/messaging", "")}/socket.io/?EIO=4&transport=websocket`;
    const client = await new Bare(url).opened();
    client.ws.send("40");
    await got(client, '40{"sid":"x"}');
    ready.clear();
    ready.add(silent.address);
    first.server.close();
    for (const socket of first.server.clients) socket.close();
    await until(
      () => silent.urls.length > 0,
      () => "dialled",
    );
    ready.add(good.address);
    await received(good, "40");
    expect(client.open).toBe(true);
  });

  it("limits what waits for a pod, including empty packets", async () => {
    const pod = await scripted(confirming);
    const ready = new Set([pod.address]);
    const proxy = await startProxy(ready, { ...env, MAX_WAITING_BYTES: "65536" });
    const url = `${proxy.url.replace("/messaging", "")}/socket.io/?EIO=4&transport=websocket`;
    const client = await new Bare(url).opened();
    client.ws.send("40");
    await got(client, '40{"sid":"x"}');
    ready.clear();
    pod.server.close();
    for (const socket of pod.server.clients) socket.terminate();
    for (let i = 0; i < 1_000_000 && client.ws.bufferedAmount < 4_194_304; i++) client.ws.send('42["e"]');
    let waiting = 0;
    await until(
      async () => {
        waiting = await sample(proxy, 'proxy_waiting_bytes{direction="to_service"}');
        return waiting > 65_536 && client.ws.bufferedAmount > 0;
      },
      () => String(waiting),
    );
    expect(waiting).toBeLessThan(65_536 + 65_536 * 40); // one read brings 64 KiB of frames, each with its overhead
  });
});
