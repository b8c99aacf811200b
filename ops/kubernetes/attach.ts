import { PassThrough } from "node:stream";
import { Attach } from "@kubernetes/client-node";
import type { Channel } from "../process/calls";
import { jsonLines } from "../process/json-lines";
import { type KubernetesClient, KubernetesError } from "./client";

/** The standard input and output of a container's process, for messages of one line. */
export interface Attachment {
  readonly channel: Channel;
  /** Resolves with the reason once it has ended, in any way. */
  readonly ended: Promise<string>;
  /** Ends it: with `stdinOnce`, the process then sees the end of its input. */
  close(): void;
}

/** Attaches to a container with `stdin` and `stdinOnce`, as `kubectl attach --stdin` does. */
export async function attach(
  { config }: KubernetesClient,
  namespace: string,
  pod: string,
  container: string,
): Promise<Attachment> {
  const [input, output, complaints] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let lastWords = "";
  complaints.setEncoding("utf8").on("data", (text: string) => (lastWords = text.trim()));
  const socket = await new Attach(config)
    .attach(namespace, pod, container, output, complaints, input, false)
    .catch((cause: unknown) => {
      const { message } = cause as { message?: string };
      throw new KubernetesError(`attach to pod ${pod}`, 0, message ?? String(cause), { cause });
    });
  const ended = new Promise<string>((resolve) => {
    socket.on("error", ({ message }) => resolve(`the port forward to pod ${pod} broke: ${message}`));
    socket.on("close", () => resolve(`pod ${pod} is gone${lastWords && `: ${lastWords}`}`));
  });
  const lines = jsonLines(output, input, (line) => (lastWords = line));
  return {
    channel: {
      ...lines,
      send: (message) => {
        if (socket.readyState !== socket.OPEN) throw new Error(`the port forward to pod ${pod} is closed`);
        lines.send(message);
      },
    },
    ended,
    close: () => socket.close(),
  };
}
