import { connect, type Socket } from "node:net";

/** The head of an upgrade request, with changed headers (`undefined` removes one). */
export function upgradeRequest(
  path: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>> = {},
  line = `GET ${path} HTTP/1.1`,
): string {
  const all: Record<string, string | readonly string[] | undefined> = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => `${name}: ${each}`),
  );
  return [line, ...lines, "", ""].join("\r\n");
}

/** A TCP peer that does only what a test says: it answers nothing, and does not close when the server does. */
export class Peer {
  readonly socket: Socket;
  received = "";
  /** Resolves once the server has closed its half. */
  readonly ended: Promise<void>;
  /** Resolves once the connection is closed on both sides. */
  readonly gone: Promise<void>;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => (this.received += chunk.toString("latin1")));
    this.ended = new Promise((resolve) => this.socket.once("end", resolve));
    this.gone = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  write(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** Resolves once the answer to everything sent so far contains `text`. */
  async until(text: string): Promise<void> {
    while (!this.received.includes(text)) {
      await new Promise<void>((resolve, reject) => {
        this.socket.once("data", () => resolve());
        this.socket.once("close", () => reject(new Error(`closed before ${text}; came: ${this.received}`)));
      });
    }
  }

  /** Keeps its half of the connection open, and resolves once the server has released the other half: writing fails. */
  async refusedToWrite(): Promise<void> {
    await this.ended;
    const timer = setInterval(() => this.socket.write("x"), 20);
    await this.gone;
    clearInterval(timer);
  }
}
