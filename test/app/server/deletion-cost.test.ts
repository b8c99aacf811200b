import { mkdir, writeFile, copyFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { DeletionCost, type Cluster } from "../../../app/server/deletion-cost";
import { removeTemporaryDirectory, temporaryDirectory } from "../../../ops/process/temporary-directory";
import { Certificates } from "../../faults/helpers/certificates";
import { until } from "../../faults/helpers/until";

const everyMs = 20;

describe("a pod's deletion cost", () => {
  let certificates: Certificates;
  let api: Server;
  let credentials: string;
  let cluster: Cluster;
  let cost: DeletionCost;
  let clients = 0;
  let status = 200;
  let asked: { request: IncomingMessage; body: string }[] = [];
  const logged: { level: number; err: string }[] = [];

  beforeAll(async () => {
    certificates = await Certificates.create();
    credentials = temporaryDirectory("holdfast-credentials-");
    await mkdir(credentials, { recursive: true });
    await copyFile(certificates.authority, join(credentials, "ca.crt"));
    await writeFile(join(credentials, "namespace"), "nova");
    api = createServer(certificates.server, (request, response) => {
      void text(request).then((body) => {
        asked.push({ request, body });
        response.writeHead(status, { "content-type": "application/json" }).end('{"reason":"because"}');
      });
    });
    await new Promise<void>((resolve) => api.listen(0, "localhost", resolve));
    cluster = { host: "localhost", port: (api.address() as AddressInfo).port, credentials };
  });

  afterAll(() => {
    api.close();
    api.closeAllConnections();
    certificates.remove();
    removeTemporaryDirectory(credentials);
  });

  beforeEach(async () => {
    [status, asked] = [200, []];
    logged.length = 0;
    await writeFile(join(credentials, "token"), "first");
    const log = pino(
      { level: "debug" },
      { write: (line: string) => void logged.push(JSON.parse(line) as (typeof logged)[number]) },
    );
    cost = new DeletionCost("chat-1", () => clients, log, cluster, everyMs);
  });

  afterEach(() => cost.stop());

  const answered = (count: number) => until(() => asked.length >= count, `${count} requests`);

  it("is the number of its clients, told by a token that may have been renewed", async () => {
    clients = 3;
    cost.start();
    await answered(1);
    const [first] = asked;
    expect(first?.request).toMatchObject({
      method: "PATCH",
      url: "/api/v1/namespaces/nova/pods/chat-1",
      headers: { authorization: "Bearer first", "content-type": "application/merge-patch+json" },
    });
    expect(JSON.parse(first?.body ?? "")).toEqual({
      metadata: { annotations: { "controller.kubernetes.io/pod-deletion-cost": "3" } },
    });

    await writeFile(join(credentials, "token"), "second\n");
    clients = 0;
    await answered(2);
    expect(asked[1]?.request.headers.authorization).toBe("Bearer second");
    expect(asked[1]?.body).toContain('"0"');
  });

  it("is not told again while it stays the same", async () => {
    let looks = 0;
    const log = pino({ level: "silent" });
    cost = new DeletionCost("chat-1", () => ((looks += 1), 7), log, cluster, everyMs);
    cost.start();
    await until(() => looks >= 10, "many looks");
    expect(asked).toHaveLength(1);
  });

  it("is told without a client too, because the container before this one may have had some", async () => {
    clients = 0;
    cost.start();
    await answered(1);
    expect(asked[0]?.body).toContain('"0"');
  });

  it("is told once the API server allows it, with one warning", async () => {
    status = 403;
    clients = 5;
    cost.start();
    await answered(3);
    status = 200;
    const refused = asked.length;
    await answered(refused + 1);
    await until(() => logged.length >= refused - 1, "each refusal is logged");
    expect(logged.map(({ level }) => level)).toEqual([40, ...logged.slice(1).map(() => 20)]);
    expect(logged[0]?.err).toBe('HTTP 403: {"reason":"because"}');
    const count = asked.length;
    clients = 6;
    await answered(count + 1);
    expect(asked.at(-1)?.body).toContain('"6"');
  });
});
