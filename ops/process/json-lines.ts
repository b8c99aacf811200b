import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Channel } from "./calls";

/** A channel over two streams of text: each message is a line of JSON. What is no JSON is told to `stray`. */
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
