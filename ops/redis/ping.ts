import { connect } from "node:net";

/** Whether a Redis at this address answers PING: it has started and loaded its data, and the password is correct. */
export function answersPing(host: string, port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let reply = "";
    const finish = (up: boolean) => {
      socket.destroy();
      resolve(up);
    };
    socket.setEncoding("utf8");
    socket.setTimeout(1_000, () => finish(false));
    socket.once("error", () => finish(false));
    socket.once("close", () => finish(false));
    // Redis' inline commands need no client library.
    socket.once("connect", () => socket.write(`${password === "" ? "" : `AUTH ${password}\r\n`}PING\r\n`));
    socket.on("data", (text: string) => {
      reply += text;
      if (reply.includes("+PONG")) finish(true);
      if (reply.includes("\r\n-") || reply.startsWith("-")) finish(false);
    });
  });
}
