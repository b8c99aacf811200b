import { Writable } from "node:stream";
import { Exec, type V1Status } from "@kubernetes/client-node";
import { within } from "../process/wait";
import type { Api } from "./api";

/** The longest run of a command. Milliseconds. */
const limitMs = 15_000;

/** A container of a pod. */
export interface PodContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** Runs a command in a container, as `kubectl exec` does, and returns its output. Rejects with its error output. */
export async function exec(
  { config }: Api,
  { namespace, pod, container }: PodContainer,
  command: readonly string[],
): Promise<string> {
  const printed = collect();
  const complained = collect();
  const ended = new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, pod, container, [...command], printed, complained, null, false, resolve)
      .then(
        (socket) => socket.on("error", reject),
        (cause: unknown) =>
          reject(new Error(`the API server runs nothing in ${namespace}/${pod}`, { cause })),
      );
  });
  const { status, message } = await within(`${command[0] ?? ""} in ${pod}`, limitMs, ended);
  if (status === "Success") return printed.text();
  throw new Error(complained.text().trim() || (message ?? "the command failed"));
}

function collect(): Writable & { text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return Object.assign(stream, { text: () => Buffer.concat(chunks).toString() });
}
