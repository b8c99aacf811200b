// A bare ws server with rooms in memory: the least that a chat server does. Writes its port to standard output.
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const name = request.url.slice(1);
  const room = rooms.get(name) ?? new Set();
  rooms.set(name, room.add(socket));
  socket.on("message", (data) => {
    const message = { type: "message", room: name, at: Date.now(), data: data.toString() };
    const text = Buffer.from(JSON.stringify(message));
    for (const member of room) member.send(text, { binary: false });
  });
  socket.on("close", () => room.delete(socket));
  socket.on("error", () => undefined);
  socket.send("ready");
});
server.on("listening", () => console.log(`port ${server.address().port}`));
