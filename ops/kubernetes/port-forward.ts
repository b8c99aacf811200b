import { Duplex, PassThrough, Writable } from "node:stream";
import { PortForward } from "@kubernetes/client-node";
import type { WebSocket } from "ws";
import type { Api } from "./api";

/** One port of one pod. */
export interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/**
 * Connects to a port of a pod through the API server and the pod's kubelet, as `kubectl port-forward` does. It works wherever the
 * API server can be reached, and NetworkPolicies do not block it. Nothing listens on this machine. Rejects if the API server
 * refuses. If nothing listens on the port, the stream ends with an error, which may be there (`stream.errored`) before the caller
 * has added a listener for it.
 */
export async function forward({ config }: Api, { namespace, pod, port }: PodPort): Promise<Duplex> {
  const outgoing = new PassThrough();
  const connection: { socket?: WebSocket } = {};
  const stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      outgoing.write(chunk);
      done();
    },
    final: (done) => {
      outgoing.end();
      done();
    },
    destroy: (error, done) => {
      connection.socket?.terminate();
      done(error);
    },
  });
  // There may be no listener yet, or no longer; the stream keeps the error.
  stream.on("error", () => undefined);
  const incoming = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      stream.push(chunk);
      done();
    },
  });
  const complaints = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const detail = chunk.toString().trim();
      if (detail !== "") stream.destroy(new Error(`${pod}:${port}: ${detail}`));
      done();
    },
  });
  const forwarding = new PortForward(config);
  const socket = (await forwarding
    .portForward(namespace, pod, [port], incoming, complaints, outgoing)
    .catch((cause: unknown) => {
      throw new Error(`the API server refused a port forward to ${namespace}/${pod}: ${messageOf(cause)}`, {
        cause,
      });
    })) as WebSocket;
  connection.socket = socket;
  if (stream.destroyed) socket.terminate(); // the error came first
  socket.on("close", () => stream.push(null));
  socket.on("error", (error) => stream.destroy(error));
  return stream;
}

/** The library rejects with an event of the WebSocket instead of an error. */
function messageOf(cause: unknown): string {
  const { message } = cause as { message?: unknown };
  return typeof message === "string" ? message : String(cause);
}
