import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Channel } from "./calls";

/** A channel over two text streams: each message is a line of JSON. Other lines are passed to `stray`. */
export function jsonLines(
  input: Readable,
  output: Writable,
  stray: (line: string) => void = () => undefined,
): Channel {
  return {
    send: (message) => output.write(`${JSON.stringify(message)}\n`),
    listen: (receive) => {
      createInterface({ input }).on("line", (line) => {
        const message = parse(line);
        if (message === undefined) stray(line);
        else receive(message);
      });
    },
  };
}

function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
