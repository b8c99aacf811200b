import type { Duplex } from "node:stream";
import { WebSocket, type ClientOptions } from "ws";
import { SUBPROTOCOL } from "../../../app/protocol/frames";
import type { Upgrade } from "../snapshot";
import type { Route } from "./route";

/** How long an answer may take. Milliseconds. */
const answerMs = 10_000;

/** The room in the path of probes; they never join it. */
const room = "holdfast-doctor";

/** The `ws` package's options for sockets by a given route. */
export function dialing({ host, dial }: Route, cookie?: string): ClientOptions {
  const createConnection = (_options: unknown, done: (error: Error | null, stream?: Duplex) => void) => {
    dial().then(
      (stream) => (stream.errored ? done(stream.errored) : done(null, stream)),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  };
  return {
    headers: { host, ...(cookie !== undefined && { cookie }) },
    perMessageDeflate: false,
    // Node.js calls it with a callback; the types of ws have only the form that returns a socket.
    createConnection: createConnection as unknown as NonNullable<ClientOptions["createConnection"]>,
  };
}

/**
 * Opens a socket and closes it again before its first frame. This creates no session and needs no token, because the protocol
 * accepts the token in the first frame.
 */
export async function upgrade(route: Route, servicePath: string, cookie?: string): Promise<Upgrade> {
  const path = `${servicePath === "/" ? "" : servicePath}/chat/${room}`;
  const from = performance.now();
  const socket = new WebSocket(`ws://${route.host}${path}`, [SUBPROTOCOL], dialing(route, cookie));
  let seen: Omit<Upgrade, "ms"> = { status: undefined, pod: undefined, setCookies: [] };
  // The socket's own handshake timeout needs a stream with timeouts, and a stream through the API server has none.
  const limit = setTimeout(() => socket.terminate(), answerMs);
  const ms = await new Promise<number>((resolve) => {
    const answered = () => {
      clearTimeout(limit);
      resolve(performance.now() - from);
    };
    const read = (status: number | undefined, headers: NodeJS.Dict<string | string[]>) => {
      const pod = headers["x-holdfast-pod"];
      seen = {
        status,
        pod: typeof pod === "string" ? pod : undefined,
        setCookies: [headers["set-cookie"] ?? []].flat(),
      };
      answered();
    };
    socket.once("upgrade", ({ statusCode, headers }) => read(statusCode, headers));
    socket.once("unexpected-response", (_request, { statusCode, headers }) => {
      read(statusCode, headers);
      socket.terminate();
    });
    socket.on("error", (error) => {
      const late = performance.now() - from >= answerMs;
      const why = late ? `no answer in ${answerMs / 1_000} s` : error.message;
      if (seen.status === undefined) seen = { ...seen, error: why };
      answered();
    });
  });
  await leave(socket);
  return { ...seen, ms };
}

/** Resolves once the socket is closed. */
function leave(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) {
      resolve();
      return;
    }
    socket.once("close", () => resolve());
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    else if (socket.readyState === WebSocket.CONNECTING) socket.once("open", () => socket.close(1000));
  });
}
