import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { SignJWT } from "jose";
import { findChromium } from "../../ops/browser/install";
import { launchChromium } from "../../ops/browser/launch";
import { screens } from "../../ops/pictures/screens";
import type { Report } from "../../ops/rehearse/report";
import { consoleErrorsOf, figures, moved } from "../browser/reading";
import { kubectl } from "./kubectl";
import { opsCommand } from "./ops-command";
import { pods } from "./pods";
import { atRest, deploy, namespacePrefix, type DeployedService, type DeployedStack } from "./stack";
import { readSurroundings } from "./surroundings";

const namespace = `${namespacePrefix}-secured`;
const host = "secured.nova.social";
const issuer = "https://id.nova.social";
const audience = "api.nova.social";
const jwtSecret = "a key of thirty-two bytes or more, for tests";

/** Prints a token for each of two users, and records that it did. */
const identityProvider = `
const { createHmac } = require("node:crypto");
const { appendFileSync } = require("node:fs");
const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
appendFileSync(process.argv[2], "asked\\n");
for (const sub of ["ada", "bob"]) {
  const claims = { sub, iss: "${issuer}", aud: "${audience}", exp: Math.floor(Date.now() / 1000) + 40 };
  const signed = encode({ alg: "HS256" }) + "." + encode(claims);
  console.log(signed + "." + createHmac("sha256", "${jwtSecret}").update(signed).digest("base64url"));
}`;

const chromium = findChromium();
if (chromium === undefined) {
  console.warn("left out: the page on a cluster; there is no Chromium or Chrome on the PATH");
}

let stack: DeployedStack;
let service: DeployedService;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "holdfast-secured-"));
  stack = await deploy(namespace, {
    host,
    services: ["messaging", "streaming"].map((name) => ({
      ...{ name: `${name}-service`, path: `/${name}`, replicas: 2 },
    })),
    drain: { preStopSeconds: 4, drainSeconds: 4, gracePeriodSeconds: 13 },
    minReadySeconds: 1,
    auth: { kind: "jwt", issuer, audience },
    jwtSecret,
    servePage: true,
    allowedOrigins: [`http://${host}`],
  });
  [service] = stack.services as [DeployedService, ...DeployedService[]];
}, 300_000);
afterAll(() => rm(directory, { recursive: true }));

describe("a stack that requires tokens", () => {
  it("is rehearsed with tokens that are renewed, and are written nowhere", async () => {
    const { edge } = readSurroundings();
    const [program, asked, out] = ["provider.js", "asked", "out"].map((name) =>
      path.join(directory, name),
    ) as [...[string, string, string]];
    await writeFile(program, identityProvider);
    const { code, stdout, stderr } = await opsCommand(
      ...(["rehearse", "--stack", "prod", "--yes", "--namespace", namespace, "--host", host] as const),
      ...["--service", service.name, "--inside", "--url", `ws://${edge.address}:${edge.port}`],
      ...["--token-command", `"${process.execPath}" "${program}" "${asked}"`],
      ...["--clients", "20", "--plain", "4", "--load-pods", "2", "--steady", "8", "--out", out, "--json"],
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [trial] = (JSON.parse(stdout) as Report).trials;
    expect(trial).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0, resyncs: 0 });
    expect(trial?.sent).toBeGreaterThan(100);
    expect((await readFile(asked, "utf8")).trim().split("\n").length).toBeGreaterThan(1);
    const files = await Promise.all(
      (await readdir(out)).map((file) => readFile(path.join(out, file), "utf8")),
    );
    // Every JWT begins with this: {" in base64.
    expect([stdout, stderr, ...files].filter((text) => text.includes("eyJ"))).toEqual([]);
    await atRest(namespace, service);
  }, 300_000);

  (chromium === undefined ? it.skip : it)(
    "shows its page through a rolling restart, and nothing is missed",
    async () => {
      const { edge } = readSurroundings();
      const browser = await launchChromium(
        chromium ?? "",
        `--host-resolver-rules=MAP ${host} ${edge.address}`,
        // The edge of the tests has no TLS; the edges of users have.
        `--unsafely-treat-insecure-origin-as-secure=http://${host}`,
      );
      try {
        const before = (await pods(namespace, service.name)).map(({ name }) => name);
        const chosen = screens.filter(({ name }) => ["desktop-dark", "phone-light"].includes(name));
        const errors: string[][] = [];
        const pages = await Promise.all(
          chosen.map(async ({ context }) => {
            const page = await (await browser.newContext({ locale: "en-GB", ...context })).newPage();
            errors.push(consoleErrorsOf(page));
            await page.goto(`http://${host}:${edge.port}${service.path}/`);
            await page.getByRole("textbox", { name: "Token" }).fill(await token("ada"));
            await page.getByRole("button", { name: "Connect" }).click();
            await page.locator("#state[data-state=connected]").waitFor();
            return page;
          }),
        );
        await pages[0]?.getByRole("switch", { name: "Steady beat" }).check();
        await kubectl(["--namespace", namespace, "rollout", "restart", `deployment/${service.name}`]);
        await Promise.all(pages.map((page) => moved(page)));
        await kubectl(["--namespace", namespace, "rollout", "status", `deployment/${service.name}`]);
        await atRest(namespace, service);
        await pages[0]?.getByRole("textbox", { name: "Message" }).fill("the last word");
        await pages[0]?.keyboard.press("Enter");
        for (const page of pages) {
          await page.getByText("the last word").first().waitFor();
          expect(before).not.toContain(await page.locator("#pod-name").innerText());
          expect(await figures(page)).toMatchObject({ lost: 0, duplicated: 0, cuts: 0 });
        }
        expect(errors.flat()).toEqual([]);
      } finally {
        await browser.close();
      }
    },
    180_000,
  );
});

/** Valid for longer than the test takes. */
function token(subject: string): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(subject)
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime("10 minutes")
    .sign(new TextEncoder().encode(jwtSecret));
}
