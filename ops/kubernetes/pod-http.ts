import { request } from "node:http";
import type { Api } from "./api";
import { forward, type PodPort } from "./port-forward";

/** The longest time for an answer of a pod, including the way through the API server. Milliseconds. */
const answerMs = 10_000;

/** GETs from a port of a pod through the API server, and returns the body. Rejects for any status but 200. */
export async function getFromPod(api: Api, target: PodPort, path: string): Promise<string> {
  const stream = await forward(api, target);
  if (stream.errored) throw stream.errored;
  const where = `${target.pod}:${target.port}${path}`;
  try {
    return await new Promise((resolve, reject) => {
      const sent = request(
        { host: target.pod, path, headers: { connection: "close" }, createConnection: () => stream },
        (answer) => {
          let body = "";
          answer.setEncoding("utf8").on("data", (text: string) => (body += text));
          answer.on("end", () => {
            clearTimeout(limit);
            if (answer.statusCode === 200) resolve(body);
            else reject(new Error(`${where} answers ${answer.statusCode}`));
          });
        },
      );
      // The request does not notice a stream that ends before the request has taken it over.
      const end = (error: Error) => {
        clearTimeout(limit);
        reject(error);
        sent.destroy();
      };
      const late = new Error(`${where} does not answer in ${answerMs} ms`);
      const limit = setTimeout(() => end(late), answerMs);
      stream.once("close", () => end(stream.errored ?? new Error(`${where} ended before it answered`)));
      sent.on("error", end);
      sent.end();
    });
  } finally {
    stream.destroy();
  }
}
