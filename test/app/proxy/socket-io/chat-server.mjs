// A chat of Socket.IO as its documentation writes them, in a process of its own: it knows nothing of proxies.
// node chat-server.mjs '{"name":"a","recovery":true,"redis":"redis://…","port":0}'; prints its port when it listens.
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { Server } from "socket.io";

const {
  name,
  recovery = false,
  redis,
  port = 0,
  pingInterval = 25_000,
  token = "secret",
} = JSON.parse(process.argv[2] ?? "{}");

const http = createServer((_request, response) => response.writeHead(404).end("not here\n"));
const client = redis && new Redis(redis);
const io = new Server(http, {
  pingInterval,
  ...(recovery && { connectionStateRecovery: { skipMiddlewares: true } }),
  ...(client && { adapter: createAdapter(client, { blockTimeInMs: 100 }) }),
});

io.of("/admin").use((socket, next) =>
  socket.handshake.auth.token === token ? next() : next(new Error("not you")),
);

for (const namespace of [io.of("/"), io.of("/admin")]) {
  namespace.on("connection", (socket) => {
    const { room = "lobby" } = socket.handshake.auth;
    socket.join(room);
    socket.emit("welcome", { pod: name, recovered: socket.recovered, room }, "end");
    socket.on("say", (text) => namespace.to(room).emit("said", text));
    socket.on("add", (a, b, answer) => answer(a + b, name));
    socket.on("slow", async (ms, text, answer) => {
      await delay(ms);
      answer(text, name);
    });
    socket.on("never", () => undefined);
    socket.on("binary", (buffer, nested, answer) => {
      socket.emit("binary", { nested: [buffer] }, nested.deep);
      answer?.(buffer);
    });
    socket.on("ask", async (question) => {
      const answer = await socket.emitWithAck("question", question).catch(() => "none");
      socket.emit("heard", question, answer, name);
    });
    socket.on("leave", () => socket.disconnect());
    socket.on("kick", () => socket.disconnect(true));
  });
}

http.listen(port, "127.0.0.1", () => process.stdout.write(`${http.address().port}\n`));
process.on("SIGTERM", async () => {
  await io.close();
  process.exit(0);
});
