import { existsSync } from "node:fs";
import { connect } from "node:net";
import { type RedisServer, startRedis } from "../../../ops/redis/server";
import { answersPing } from "../../../ops/redis/ping";

/** Sends inline commands, and resolves with everything that Redis answers before it closes. */
function talk(server: RedisServer, ...commands: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, server.host, () =>
      socket.write([...commands, "QUIT\r\n"].join("\r\n")),
    );
    let reply = "";
    socket.setEncoding("utf8").on("data", (text: string) => (reply += text));
    socket.once("close", () => resolve(reply)).once("error", reject);
  });
}

describe("startRedis", () => {
  let server: RedisServer;
  afterEach(() => server.stop());

  it("answers when the promise resolves, and refuses a wrong password", async () => {
    server = await startRedis({ password: "secret1" });
    expect(server.url).toBe(`redis://:secret1@127.0.0.1:${server.port}`);
    expect(await answersPing(server.host, server.port, "secret1")).toBe(true);
    expect(await answersPing(server.host, server.port, "wrong")).toBe(false);
    expect(await talk(server, "GET a")).toContain("NOAUTH");
  });

  it("keeps its data over a restart and over a crash", async () => {
    server = await startRedis();
    const { pid, port } = server;
    await talk(server, "SET a 1");
    await server.restart({ data: "kept" });
    expect(server.pid).not.toBe(pid);
    expect(server.port).toBe(port);
    expect(await talk(server, "GET a")).toContain("$1\r\n1");
    await server.restart({ data: "kept", signal: "SIGKILL" });
    expect(await talk(server, "GET a")).toContain("$1\r\n1");
  });

  it("loses all of its data, or what came after a checkpoint, if requested", async () => {
    server = await startRedis();
    await talk(server, "SET a 1");
    await server.checkpoint();
    await talk(server, "SET b 1");
    await server.restart({ data: "checkpoint" });
    expect(await talk(server, "EXISTS a b")).toContain(":1\r\n");
    await server.restart({ data: "lost" });
    expect(await talk(server, "DBSIZE")).toContain(":0\r\n");
  });

  it("leaves neither process nor port nor directory, even when stopped twice", async () => {
    server = await startRedis();
    const { pid, host, port } = server;
    await Promise.all([server.stop(), server.stop()]);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(await answersPing(host, port, "")).toBe(false);
    expect(() => server.pid).toThrow("redis-server is down");
  });

  it("reports when the port is in use", async () => {
    server = await startRedis();
    await expect(startRedis({ port: server.port })).rejects.toThrow(
      /redis-server ended on 127\.0\.0\.1:\d+.*in use/s,
    );
  });

  it("refuses to promise data that it does not store", async () => {
    server = await startRedis({ appendonly: false });
    await expect(server.restart({ data: "kept" })).rejects.toThrow("without appendonly");
  });
});
