import { configKeys, loadAppConfig } from "../../app/server/config";
import { ports } from "../../infra/ports";
import type { RenderOptions } from "../../ops/render/render";
import { stacks } from "../../ops/render/stacks";
import { environmentOf, generated, rendered, workloads } from "./rendered";

const publicKey = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ\n-----END PUBLIC KEY-----";

const cases: { name: string; stack: string; overrides?: RenderOptions["overrides"] }[] = [
  ...stacks().map((stack) => ({ name: `stack ${stack}`, stack })),
  {
    name: "no edge",
    stack: "local",
    overrides: { edge: { kind: "none" }, network: { edge: [{ sameNamespace: true }] } },
  },
  { name: "a service at the root", stack: "local", overrides: { services: [{ name: "chat", path: "/" }] } },
  { name: "preStop by sleep", stack: "staging", overrides: { drain: { preStopHook: "sleep" } } },
  {
    name: "an external Sentinel",
    stack: "staging",
    overrides: {
      sessionStore: { kind: "external", mode: "sentinel", sentinelName: "sessions" },
      redisUrl: generated("redisUrl"),
      session: { durability: "replica" },
    },
  },
  {
    name: "tokens by a secret, and a Publisher",
    stack: "staging",
    overrides: {
      auth: { kind: "jwt", issuer: "https://id.example", audience: "api" },
      jwtSecret: generated("jwtSecret"),
      publisherToken: generated("publisherToken"),
    },
  },
  { name: "tokens by a public key", stack: "staging", overrides: { auth: { kind: "jwt", publicKey } } },
  {
    name: "every limit",
    stack: "staging",
    overrides: {
      sockets: {
        pingIntervalSeconds: 20,
        maxConnections: 1_000,
        maxPayloadBytes: 1_024,
        maxBufferedBytes: 65_536,
        maxRooms: 5,
        maxPublishRate: 7,
        maxUnauthenticatedConnections: 50,
        handshakeTimeoutSeconds: 7,
        maxPublishBytesRate: 8_192,
        maxFrameRate: 60,
        maxRoomCreationRate: 2,
        maxReplayRate: 131_072,
        maxReplayBytes: 2_097_152,
      },
      session: { historyBytes: 131_072 },
      allowedOrigins: ["https://a.example", "https://b.example"],
      logLevel: "debug",
    },
  },
];

describe.each(cases)("the environment of $name", ({ stack, overrides }) => {
  test("is what the application accepts, and has no unknown key", async () => {
    const objects = await rendered(stack, overrides);
    const deployments = workloads(objects, "Deployment");
    expect(deployments.length).toBeGreaterThan(0);
    for (const deployment of deployments) {
      const env = environmentOf(deployment, objects);
      expect(() => loadAppConfig(env)).not.toThrow();
      expect(Object.keys(env).filter((key) => !(configKeys as readonly string[]).includes(key))).toEqual([]);
    }
  });
});

async function appConfigOf(stack: string, overrides: RenderOptions["overrides"] = {}) {
  const objects = await rendered(stack, overrides);
  const [deployment] = workloads(objects, "Deployment");
  if (deployment === undefined) throw new Error("there is no Deployment");
  return loadAppConfig(environmentOf(deployment, objects));
}

describe("the application's environment", () => {
  test("has the stack's values", async () => {
    expect(await appConfigOf("staging")).toMatchObject({
      SERVICE_NAME: "messaging-service",
      SERVICE_PATH: "/messaging",
      POD_NAME: "messaging-service-abcde",
      REDIS_URL: `redis://:${generated("redis-password")}@redis.nova.svc:6379`,
      REDIS_MODE: "single",
      DURABILITY: "memory",
      PRE_STOP_SECONDS: 10,
      PRE_STOP_HOOK: "http",
      DRAIN_SECONDS: 30,
      AFFINITY_COOKIE_NAME: "SERVERID",
      AFFINITY_COOKIE_PATH: "/messaging",
      REBALANCE: true,
      POD_REVISION: "5d4f8c7b9",
      SESSION_TTL_SECONDS: 3_600,
      PING_INTERVAL_SECONDS: 25,
      AUTH_MODE: "anonymous",
    });
  });

  test("has every configured limit", async () => {
    const limits = cases.find(({ name }) => name === "every limit")?.overrides;
    expect(await appConfigOf("staging", limits)).toMatchObject({
      PING_INTERVAL_SECONDS: 20,
      MAX_CONNECTIONS: 1_000,
      MAX_PAYLOAD_BYTES: 1_024,
      MAX_BUFFERED_BYTES: 65_536,
      MAX_ROOMS: 5,
      MAX_PUBLISH_RATE: 7,
      MAX_UNAUTHENTICATED_CONNECTIONS: 50,
      HANDSHAKE_TIMEOUT_SECONDS: 7,
      MAX_PUBLISH_BYTES_RATE: 8_192,
      MAX_FRAME_RATE: 60,
      MAX_ROOM_CREATION_RATE: 2,
      MAX_REPLAY_RATE: 131_072,
      MAX_REPLAY_BYTES: 2_097_152,
      HISTORY_BYTES: 131_072,
    });
  });

  test("is a token's key set in prod", async () => {
    expect(await appConfigOf("prod")).toMatchObject({
      AUTH_MODE: "jwt",
      JWT_JWKS_URL: "https://id.nova.social/.well-known/jwks.json",
      JWT_ISSUER: "https://id.nova.social",
      JWT_AUDIENCE: "api.nova.social",
      ALLOWED_ORIGINS: ["https://nova.social", "https://www.nova.social"],
      DURABILITY: "memory",
    });
  });

  test("says that the cookie is for pages of other sites, if it is", async () => {
    const affinity = { cookieSameSite: "None" };
    expect(await appConfigOf("staging", { affinity })).toMatchObject({ AFFINITY_COOKIE_CROSS_SITE: true });
    expect(await appConfigOf("staging")).toMatchObject({ AFFINITY_COOKIE_CROSS_SITE: false });
  });

  const noEdge = { edge: { kind: "none" }, network: { edge: [{ sameNamespace: true }] } };

  test("names no cookie if no edge sets one, and moves no client whose address leads it back", async () => {
    expect(await appConfigOf("local", noEdge)).toMatchObject({
      AFFINITY_COOKIE_NAME: "",
      REBALANCE: false,
      POD_REVISION: "",
    });
  });

  test("moves clients if a proxy chooses the pod, and never if the stack turns it off", async () => {
    const services = [{ name: "chat", path: "/", connectionProxy: {} }];
    expect(await appConfigOf("local", { ...noEdge, services, servePage: false })).toMatchObject({
      REBALANCE: true,
    });
    expect(await appConfigOf("staging", { sockets: { rebalance: false } })).toMatchObject({
      REBALANCE: false,
    });
  });

  test("holds the secrets by reference", async () => {
    const secrets = { jwtSecret: generated("jwtSecret"), publisherToken: generated("publisherToken") };
    const objects = await rendered("staging", { auth: { kind: "jwt" }, ...secrets });
    const [deployment] = workloads(objects, "Deployment");
    if (deployment === undefined) throw new Error("there is no Deployment");
    expect(environmentOf(deployment, objects)).toMatchObject({
      JWT_SECRET: secrets.jwtSecret,
      PUBLISHER_TOKEN: secrets.publisherToken,
    });
    for (const value of Object.values(secrets)) expect(JSON.stringify(deployment)).not.toContain(value);
  });
});

describe("the ports of a pod", () => {
  test("are those that the application binds by default", async () => {
    const config = await appConfigOf("staging");
    expect({
      http: config.HTTP_PORT,
      grpc: config.GRPC_PORT,
      metrics: config.METRICS_PORT,
      lifecycle: config.LIFECYCLE_PORT,
    }).toEqual(ports);
  });

  test("are all declared", async () => {
    const [deployment] = workloads(await rendered("staging"), "Deployment");
    const declared = deployment?.spec.template.spec.containers[0].ports;
    expect(declared).toEqual(Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })));
  });
});
