// A Socket.IO server with the in-memory adapter that it has out of the box. Writes its port to standard output.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { serveClient: false, transports: ["websocket"] });

io.on("connection", (socket) => {
  const { room } = socket.handshake.query;
  void socket.join(room);
  socket.on("publish", (data, acknowledge) => {
    io.to(room).emit("message", { room, at: Date.now(), data });
    acknowledge();
  });
});
http.listen(0, "127.0.0.1", () => console.log(`port ${http.address().port}`));
