import { once } from "node:events";
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { build } from "esbuild";
import { loadService } from "../../../app/server/grpc/definitions";
import { TestClient } from "./harness";

/** Does what main does with the gRPC port, and nothing else: the image's bundle contains the same modules. */
const entry = `
  import { startGrpc } from ${JSON.stringify(resolve("app/server/grpc/server.ts"))};
  const readiness = { isReady: () => true, onChange: () => () => undefined };
  const options = { address: "127.0.0.1", port: 0, publisherToken: "x", maxPayloadBytes: 1024, readiness };
  startGrpc(options).then(({ port }) => console.log(port));
`;

describe("one bundled file with the .proto files next to it", () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-grpc-"));
  });

  afterAll(() => rm(directory, { recursive: true }));

  it("serves as the sources do, far from node_modules", async () => {
    await writeFile(join(directory, "entry.ts"), entry);
    const outfile = join(directory, "main.js");
    await build({
      entryPoints: [join(directory, "entry.ts")],
      outfile,
      bundle: true,
      platform: "node",
      target: "node20",
      absWorkingDir: resolve("."),
    });
    await cp("app/server/grpc/proto", join(directory, "proto"), { recursive: true });

    const server = spawn(process.execPath, [outfile], { stdio: ["ignore", "pipe", "inherit"], cwd: "/" });
    const exited = once(server, "exit");
    try {
      const [port] = (await Promise.race([
        once(createInterface(server.stdout), "line"),
        exited.then(() => Promise.reject(new Error("the bundle ended before it listened"))),
      ])) as [string];
      const create = makeGenericClientConstructor(loadService("grpc.health.v1.Health"), "Health");
      const client = new create(`127.0.0.1:${port}`, credentials.createInsecure());
      const answer = new TestClient(client).call("Check", { service: "holdfast.v1.Publisher" });
      await expect(answer).resolves.toEqual({ status: "SERVING" });
      client.close();
    } finally {
      server.kill("SIGKILL");
      await exited;
    }
  }, 60_000);
});
