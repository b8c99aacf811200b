import { request } from "node:http";
import type { Api } from "./api";
import { forward, type PodPort } from "./port-forward";

/** How long a pod may take for one answer, the way through the API server included. Milliseconds. */
const answerMs = 10_000;

/** The body of one GET from a port of a pod, through the API server. Rejects for any status but 200. */
export async function getFromPod(api: Api, target: PodPort, path: string): Promise<string> {
  const stream = await forward(api, target);
  const where = `${target.pod}:${target.port}${path}`;
  try {
    return await new Promise((resolve, reject) => {
      const sent = request(
        { host: target.pod, path, headers: { connection: "close" }, createConnection: () => stream },
        (answer) => {
          let body = "";
          answer.setEncoding("utf8").on("data", (text: string) => (body += text));
          answer.on("end", () => {
            if (answer.statusCode === 200) resolve(body);
            else reject(new Error(`${where} answers ${answer.statusCode}`));
          });
        },
      );
      const limit = setTimeout(
        () => sent.destroy(new Error(`${where} does not answer in ${answerMs} ms`)),
        answerMs,
      );
      sent.on("close", () => clearTimeout(limit));
      sent.on("error", reject);
      sent.end();
    });
  } finally {
    stream.destroy();
  }
}
