import { readFileSync } from "node:fs";
import { Load } from "../../../ops/load/load";
import { PlainClient } from "../../../ops/load/plain-client";
import { readCertificates } from "../../../ops/rehearse/certificates";
import { Certificates } from "../../faults/helpers/certificates";
import { FakeRoomServer } from "./fake-room-server";

let certificates: Certificates;
let server: FakeRoomServer;
beforeAll(async () => {
  certificates = await Certificates.create();
  server = await FakeRoomServer.listenSecurely(certificates.server);
});
afterAll(async () => {
  await server.close();
  certificates.remove();
});

/** Clients that connect to the server's address with another host name. */
function load(host: string, ca?: string): Load {
  const url = server.url.replace("ws:", "wss:");
  return new Load({
    targets: [{ service: "echo", entry: "cookie", url: `${url}/echo`, host }],
    ...{ clients: 3, roomsPerService: 1, rate: 10 },
    makeClient: (args) => new PlainClient(args),
    ...(ca !== undefined && { ca }),
  });
}

describe("a load through TLS", () => {
  it("trusts the given authority", async () => {
    const ca = await readCertificates(certificates.authority, {});
    expect(ca).toMatch(/^-----BEGIN CERTIFICATE-----/);
    const running = load("localhost", ca);
    await running.connect(10_000);
    expect(running.journal.clients.flatMap(({ refusals }) => refusals)).toEqual([]);
    await running.stop();
  });

  it.each([
    ["of an unknown authority", "localhost", () => undefined, "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY"],
    [
      "of another name",
      "elsewhere.example",
      () => readFileSync(certificates.authority, "utf8"),
      "ERR_TLS_CERT_ALTNAME_INVALID",
    ],
  ])("reports that it was refused a certificate %s", async (_title, host, ca, reason) => {
    const running = load(host, ca());
    await expect(running.connect(1_500)).rejects.toThrow(new RegExp(`refused: (${reason})`));
    await running.stop();
  });
});

describe("readCertificates", () => {
  it("includes what Node.js trusts here", async () => {
    const env = { NODE_EXTRA_CA_CERTS: certificates.authority };
    expect((await readCertificates(certificates.authority, env))?.match(/BEGIN/g)).toHaveLength(2);
    expect(await readCertificates(undefined, {})).toBeUndefined();
  });

  it("refuses a file without certificates", async () => {
    await expect(readCertificates(__filename, {})).rejects.toMatchObject({ code: "HOLDFAST_USAGE" });
    await expect(readCertificates("/nowhere", {})).rejects.toThrow("--ca: /nowhere cannot be used");
  });
});
