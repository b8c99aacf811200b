/**
 * The protocol of a service: `holdfast`, this project's protocol; `websocket`, any WebSocket server; `socket.io`, Socket.IO 3 or
 * newer, with long-polling.
 */
export type Protocol = "holdfast" | "websocket" | "socket.io";
