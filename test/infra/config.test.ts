import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { ConfigError, parseConfig, type Config } from "../../infra/config";
import { configSchema, secretsSchema } from "../../infra/config/schema";
import { withSecretOutputs } from "../../infra/stack/load-config";
import { issuesOf as valueIssues, least, load as loadValues } from "./config-issues";
import { outputOf } from "./output";

interface Given {
  readonly values?: Record<string, unknown>;
  /** Keys whose values the stack's file encrypts. */
  readonly secret?: readonly string[];
}

const load = ({ values = {}, secret = [] }: Given): Config => loadValues(values, secret);
const issuesOf = ({ values = {}, secret = [] }: Given): readonly string[] => valueIssues(values, secret);

const service = (name: string, servicePath: string, more: object = {}) => ({
  name,
  path: servicePath,
  ...more,
});

describe("a stack with the required keys only", () => {
  test("gets two services with three pods each", () => {
    expect(load({}).services).toMatchObject([
      {
        name: "messaging-service",
        path: "/messaging",
        image: "holdfast/app:0.1.0",
        resources: { cpu: "250m", memory: "512Mi" },
        scale: 3,
      },
      { name: "streaming-service", path: "/streaming", scale: 3 },
    ]);
  });

  test("gets the times of the design", () => {
    const { affinity, drain, session, minReadySeconds } = load({});
    expect(affinity).toEqual({
      clientIpTimeoutSeconds: 10_800,
      cookieName: "SERVERID",
      cookieMaxAgeSeconds: 86_400,
      cookieSecure: true,
      cookieSameSite: "Lax",
    });
    expect(drain).toEqual({
      preStopSeconds: 10,
      drainSeconds: 30,
      gracePeriodSeconds: 45,
      preStopHook: "http",
    });
    expect(session.ttlSeconds).toBe(3_600);
    expect(minReadySeconds).toBe(10);
  });

  test("has no secrets", () => {
    expect(Object.values(load({}).secrets)).toEqual([undefined, undefined, undefined]);
  });
});

describe("Pulumi.yaml", () => {
  const file = path.resolve(__dirname, "../../Pulumi.yaml");
  const { config } = parse(readFileSync(file, "utf8")) as {
    config: Record<string, { type: string; description: string; default?: unknown }>;
  };

  /** Keys without a default: the engine would require every declared one, even if a stack does not need it. */
  const undeclared = ["auth", "host", "image", "namespace", "services"];

  test("declares every key that has a default, and names every other", () => {
    const shape = Object.keys(configSchema.shape).filter((key) => !undeclared.includes(key));
    expect(Object.keys(config).sort()).toEqual(shape.sort());
    const text = readFileSync(file, "utf8");
    for (const key of undeclared) expect(text).toContain(`holdfast:${key} `);
  });

  test("describes every key", () => {
    expect(Object.values(config).filter(({ description }) => description === "")).toEqual([]);
  });

  test("has the defaults that the schema has", () => {
    const declared = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, value.default]));
    // A function is equal only to itself; the properties' inputs are compared too.
    const values = load({ values: { ...declared, ...least } });
    expect({ ...values, properties: expect.anything() as object }).toEqual(load({}));
  });

  test("describes for every secret how to set it", () => {
    const text = readFileSync(file, "utf8");
    for (const key of Object.keys(secretsSchema.shape)) expect(text).toContain(key);
  });
});

describe("good configuration", () => {
  const cases: { name: string; given: Given; read: (config: Config) => unknown; expected: unknown }[] = [
    {
      name: "gives a service its own image and resources",
      given: {
        values: {
          services: [
            service("chat", "/chat", {
              image: "registry.example/chat:2.0",
              resources: { cpu: "1", memory: "2Gi" },
            }),
          ],
        },
      },
      read: ({ services }) =>
        services.map(({ name, path: at, image, resources, scale }) => [name, at, image, resources, scale]),
      expected: [["chat", "/chat", "registry.example/chat:2.0", { cpu: "1", memory: "2Gi" }, 3]],
    },
    {
      name: "hands the number of pods to an autoscaler",
      given: {
        values: {
          services: [
            service("chat", "/chat", {
              autoscaling: { minReplicas: 2, maxReplicas: 20, connectionsPerPod: 5_000 },
            }),
          ],
        },
      },
      read: ({ services }) => services[0]?.scale,
      expected: {
        minReplicas: 2,
        maxReplicas: 20,
        connectionsPerPod: 5_000,
        metricsSource: { kind: "pods" },
      },
    },
    {
      name: "takes an image by digest",
      given: { values: { image: `ghcr.io/x/app@sha256:${"a".repeat(64)}` } },
      read: ({ image }) => image,
      expected: `ghcr.io/x/app@sha256:${"a".repeat(64)}`,
    },
    {
      name: "keeps text that looks like a number as text",
      given: { values: { namespace: "2024" } },
      read: ({ namespace }) => namespace.name,
      expected: "2024",
    },
    {
      name: "reads numbers from the text that Pulumi hands over",
      given: { values: { minReadySeconds: "0" } },
      read: ({ minReadySeconds }) => minReadySeconds,
      expected: 0,
    },
    {
      name: "allows a path inside another where no cookie is in play",
      given: {
        values: {
          edge: { kind: "none" },
          network: { edge: [{ sameNamespace: true }] },
          services: [service("a", "/chat"), service("b", "/chat/eu")],
        },
      },
      read: ({ services }) => services.map((one) => one.path),
      expected: ["/chat", "/chat/eu"],
    },
    {
      name: "allows paths that only begin alike",
      given: { values: { services: [service("a", "/chat"), service("b", "/chats")] } },
      read: ({ services }) => services.length,
      expected: 2,
    },
    {
      name: "allows a service to be called redis where the store is elsewhere",
      given: {
        values: {
          services: [service("redis", "/r")],
          sessionStore: { kind: "external" },
          redisUrl: "rediss://u:p@cache.example:6379",
        },
        secret: ["redisUrl"],
      },
      read: ({ services }) => services[0]?.name,
      expected: "redis",
    },
  ];

  test.each(cases)("$name", ({ given, read, expected }) => {
    expect(read(load(given))).toEqual(expected);
  });

  test("keeps secrets secret", async () => {
    const redisUrl = "redis://:password@cache.example:6379";
    const { secrets } = withSecretOutputs(
      load({ values: { sessionStore: { kind: "external" }, redisUrl }, secret: ["redisUrl"] }),
    );
    expect(await outputOf(secrets.redisUrl)).toEqual({ value: redisUrl, secret: true });
  });
});

/** The required keys, without one of them. */
function without(key: keyof typeof least): object {
  return Object.fromEntries(Object.entries(least).filter(([name]) => name !== key));
}

describe("bad configuration", () => {
  const jwt = { kind: "jwt", jwksUrl: "https://id.example/jwks" };
  const cases: { name: string; given: Given; issues: string[] }[] = [
    {
      name: "an unknown key",
      given: { values: { replicas: 3 } },
      issues: [`replicas is 3, expected one of the keys ${Object.keys(configSchema.shape).join(", ")}`],
    },
    {
      name: "an unknown key inside an object",
      given: { values: { drain: { preStopSecond: 10 } } },
      issues: [
        "drain.preStopSecond is 10, expected one of the keys preStopSeconds, drainSeconds, gracePeriodSeconds, preStopHook",
      ],
    },
    {
      name: "a wrong type",
      given: { values: { minReadySeconds: "soon" } },
      issues: ["minReadySeconds is soon, expected a whole number from 0 to 300"],
    },
    {
      name: "text where structure belongs",
      given: { values: { drain: "short" } },
      issues: [
        "drain is short, expected an object with the keys preStopSeconds, drainSeconds, gracePeriodSeconds, preStopHook",
      ],
    },
    {
      name: "a number out of range",
      given: { values: { affinity: { clientIpTimeoutSeconds: 86_401 } } },
      issues: ["affinity.clientIpTimeoutSeconds is 86401, expected a whole number from 1 to 86400"],
    },
    {
      name: "a fraction",
      given: { values: { services: [service("a", "/a", { replicas: 2.5 })] } },
      issues: ["services[0].replicas is 2.5, expected a whole number from 1 to 1000"],
    },
    {
      name: "a word that is not among the choices",
      given: { values: { imagePullPolicy: "Sometimes" } },
      issues: ["imagePullPolicy is Sometimes, expected one of Always, IfNotPresent, Never"],
    },
    {
      name: "an unknown kind of edge",
      given: { values: { edge: { kind: "haproxy" } } },
      issues: [
        "edge.kind is haproxy, expected an object with one of the kinds none, nginx, nlb, alb, gateway, istio",
      ],
    },
    {
      name: "an idle timeout of a minute",
      given: { values: { edge: { kind: "nginx", timeoutSeconds: 60 } } },
      issues: ["edge.timeoutSeconds is 60, expected a whole number from 3600 to 604800"],
    },
    {
      name: "no services",
      given: { values: { services: [] } },
      issues: ["services is [], expected at least one service"],
    },
    {
      name: "a path with a trailing slash",
      given: { values: { services: [service("a", "/a/")] } },
      issues: [
        "services[0].path is /a/, expected a path such as /messaging: letters, digits, . _ ~ and - between slashes, no slash at its end",
      ],
    },
    {
      name: "a host with a scheme",
      given: { values: { host: "https://api.nova.social" } },
      issues: ["host is https://api.nova.social, expected a host name such as api.nova.social"],
    },
    ...["holdfast/app", "holdfast/app:latest", "localhost:5000/app"].map((image) => ({
      name: `the image ${image}, which may be another image tomorrow`,
      given: { values: { image } },
      issues: [
        `image is ${image}, expected an image with a digest or a fixed tag, such as holdfast/app:0.1.0; latest, or no tag, may be another image tomorrow`,
      ],
    })),
    {
      name: "a grace period shorter than its parts",
      given: { values: { drain: { gracePeriodSeconds: 30 } } },
      issues: [
        "drain.gracePeriodSeconds is 30, expected at least 45 (preStop 10 s + drain 30 s + close 5 s)",
      ],
    },
    {
      name: "affinity that forgets a client before its session",
      given: { values: { affinity: { clientIpTimeoutSeconds: 600, cookieMaxAgeSeconds: 600 } } },
      issues: [
        "affinity.clientIpTimeoutSeconds is 600, expected at least session.ttlSeconds (3600 s); otherwise a client loses its pod before its session ends",
        "affinity.cookieMaxAgeSeconds is 600, expected at least session.ttlSeconds (3600 s); otherwise a client loses its pod before its session ends",
      ],
    },
    {
      name: "two services of one name",
      given: { values: { services: [service("a", "/a"), service("a", "/b")] } },
      issues: ["services[1].name is a, expected a name that services[0] does not have"],
    },
    {
      name: "a service called as the store",
      given: { values: { services: [service("redis", "/a")] } },
      issues: ["services[0].name is redis, expected a name that the session store does not have"],
    },
    {
      name: "a service called as the namespace's policy",
      given: { values: { services: [service("default-deny", "/a")] } },
      issues: ["services[0].name is default-deny, expected a name that the namespace's policy does not have"],
    },
    {
      name: "two services on one path",
      given: { values: { services: [service("a", "/a"), service("b", "/a")] } },
      issues: ["services[1].path is /a, expected a path that services[0] does not have"],
    },
    {
      name: "cookie paths that collide",
      given: { values: { services: [service("a", "/chat"), service("b", "/chat/eu"), service("c", "/")] } },
      issues: [
        "services[1].path is /chat/eu, expected a path neither inside nor around /chat of services[0]: their affinity cookies would collide",
        "services[2].path is /, expected a path neither inside nor around /chat of services[0]: their affinity cookies would collide",
        "services[2].path is /, expected a path neither inside nor around /chat/eu of services[1]: their affinity cookies would collide",
      ],
    },
    {
      name: "a number of pods beside an autoscaler",
      given: {
        values: {
          services: [
            service("a", "/a", {
              replicas: 3,
              autoscaling: { minReplicas: 5, maxReplicas: 2, connectionsPerPod: 100 },
            }),
          ],
        },
      },
      issues: [
        "services[0].replicas is 3, expected nothing, since autoscaling sets the number of pods",
        "services[0].autoscaling.maxReplicas is 2, expected at least minReplicas (5)",
      ],
    },
    {
      name: "a question to Prometheus that the stack asks itself, and a name too long for KEDA",
      given: {
        values: {
          services: [
            service("a".repeat(50), "/a", {
              autoscaling: { minReplicas: 2, maxReplicas: 4, connectionsPerPod: 100 },
              connectionProxy: { autoscaling: { minReplicas: 2, maxReplicas: 4, connectionsPerPod: 100 } },
            }),
          ],
          autoscaler: {
            kind: "keda",
            prometheusUrl: "http://prometheus:9090",
            trigger: { query: "sum(up)", awsRegion: "eu-west-1" },
          },
        },
      },
      issues: [
        "autoscaler.trigger.query is sum(up), expected nothing: it follows from the rest",
        `services[0].name is ${"a".repeat(50)}-proxy, expected a name by which KEDA's own, keda-hpa-${"a".repeat(50)}-proxy, has at most 63 characters`,
      ],
    },
    {
      name: "a password in the URL of Prometheus",
      given: { values: { autoscaler: { kind: "keda", prometheusUrl: "https://keda:hunter2@prometheus" } } },
      issues: [
        "autoscaler.prometheusUrl is https://…@prometheus, expected a URL such as http://prometheus-operated.monitoring:9090, with neither a password nor a slash at its end",
      ],
    },
    {
      name: "an insecure cookie at an edge with TLS",
      given: {
        values: { affinity: { cookieSecure: false }, edge: { kind: "nginx", tls: { secretName: "tls" } } },
      },
      issues: ["affinity.cookieSecure is false, expected true, because edge.tls is set"],
    },
    {
      name: "an insecure cookie for other sites",
      given: { values: { affinity: { cookieSecure: false, cookieSameSite: "None" } } },
      issues: [
        "affinity.cookieSecure is false, expected true, because browsers drop a cookie with SameSite None that is not Secure",
      ],
    },
    {
      name: "a durability that the store cannot give",
      given: { values: { session: { durability: "replica" } } },
      issues: [
        "session.durability is replica, expected memory or aof, because sessionStore redis has no replica",
      ],
    },
    {
      name: "an external store without its URL",
      given: { values: { sessionStore: { kind: "external" } } },
      issues: ["redisUrl is missing, expected the store's URL"],
    },
    {
      name: "a URL for a store that has its own",
      given: { values: { redisUrl: "redis://cache.example" }, secret: ["redisUrl"] },
      issues: ["redisUrl is a secret, expected nothing, unless sessionStore.kind is external"],
    },
    {
      name: "a Sentinel's name without Sentinels",
      given: {
        values: {
          sessionStore: { kind: "external", sentinelName: "mymaster" },
          redisUrl: "redis://cache.example",
        },
        secret: ["redisUrl"],
      },
      issues: ["sessionStore.sentinelName is mymaster, expected nothing, unless mode is sentinel"],
    },
    {
      name: "a secret in plain text",
      given: { values: { auth: { kind: "jwt" }, jwtSecret: "x".repeat(32) } },
      issues: ["jwtSecret is plain text, expected an encrypted value"],
    },
    {
      name: "structure that is encrypted",
      given: { secret: ["namespace"], values: { namespace: "nova" } },
      issues: ["namespace is an encrypted value, expected plain text: structure is not secret"],
    },
    {
      name: "a short key, without showing it",
      given: { values: { auth: { kind: "jwt" }, jwtSecret: "hunter2" }, secret: ["jwtSecret"] },
      issues: ["jwtSecret is a secret, expected at least 32 characters"],
    },
    {
      name: "tokens without a key",
      given: { values: { auth: { kind: "jwt" } } },
      issues: [
        "auth is no key, expected exactly one of auth.jwksUrl, auth.publicKey, the secret holdfast:jwtSecret",
      ],
    },
    {
      name: "tokens with two keys",
      given: { values: { auth: jwt, jwtSecret: "x".repeat(32) }, secret: ["jwtSecret"] },
      issues: [
        "auth is jwksUrl and jwtSecret, expected exactly one of auth.jwksUrl, auth.publicKey, the secret holdfast:jwtSecret",
      ],
    },
    {
      name: "a key for tokens that nobody asks for",
      given: { values: { jwtSecret: "x".repeat(32) }, secret: ["jwtSecret"] },
      issues: ["jwtSecret is a secret, expected nothing, unless auth.kind is jwt"],
    },
    {
      name: "a key set over plain http",
      given: { values: { auth: { kind: "jwt", jwksUrl: "http://id.example/jwks" } } },
      issues: ["auth.jwksUrl is http://id.example/jwks, expected an https URL"],
    },
    {
      name: "an origin with a path",
      given: { values: { allowedOrigins: ["https://nova.social/"] } },
      issues: [
        "allowedOrigins[0] is https://nova.social/, expected an origin such as https://nova.social, no path",
      ],
    },
    {
      name: "a page whose sockets would be refused",
      given: { values: { servePage: true } },
      issues: [
        "allowedOrigins is nothing, with servePage, expected the page's own origin, such as https://<host>; without it, browsers' sockets are refused",
      ],
    },
    {
      name: "a page that the edge could not reach",
      given: {
        values: {
          servePage: true,
          allowedOrigins: ["https://nova.social"],
          services: [{ name: "chat", path: "/chat", connectionProxy: {} }],
        },
      },
      issues: [
        "servePage is true, expected false: the connection proxy of services[0] forwards only sockets",
      ],
    },
    {
      name: "moves of clients whom their address leads back",
      given: {
        values: {
          edge: { kind: "none" },
          network: { edge: [{ sameNamespace: true }] },
          sockets: { rebalance: true },
          services: [
            { name: "chat", path: "/chat", connectionProxy: {} },
            { name: "feed", path: "/feed" },
          ],
        },
      },
      issues: [
        "sockets.rebalance is true, expected false: ClientIP or an AWS target group leads clients of services[1] back to their pod",
      ],
    },
  ];

  test.each(cases)("refuses $name", ({ given, issues }) => {
    expect(issuesOf(given)).toEqual(issues);
  });

  test("names every required key that is missing, each with what to set", () => {
    const error = catchError(() => parseConfig({ stack: "test", values: {}, isSecret: () => false }));
    expect(error.message).toBe(
      "the configuration of stack test has 2 issues:\n" +
        "  holdfast:namespace is missing. Set it to a namespace's name, or { name, create }.\n" +
        "  holdfast:services is missing. Set it to a list of services, { name, image, path, … }.",
    );
  });

  test("requires authentication for the Holdfast application, and not for your own image", () => {
    const rest = without("auth");
    const text = (values: object) =>
      Object.fromEntries(
        Object.entries(values).map(([key, value]) => [
          key,
          typeof value === "string" ? value : JSON.stringify(value),
        ]),
      );
    const parse = (values: object) =>
      parseConfig({ stack: "test", values: text(values), isSecret: () => false });
    expect(catchError(() => parse(rest)).message).toContain(
      "holdfast:auth is missing. Set it to { kind: anonymous }",
    );
    const services = [{ name: "chat", image: "registry.example/chat:2.0" }];
    expect(parse({ ...rest, services }).services).toMatchObject([
      { isApplication: false, protocol: "websocket" },
    ]);
  });

  test("lists every issue in one error, each under its key, with the change to make", () => {
    const values = { host: "*", minReadySeconds: -1, services: [{ name: "A", path: "a" }] };
    const error = catchError(() => load({ values }));
    expect(error.code).toBe("HOLDFAST_CONFIG");
    expect(error.message.split("\n").map((line) => line.replace(/ is .*/, ""))).toEqual([
      "the configuration of stack test has 4 issues:",
      "  holdfast:host",
      "  holdfast:services[0].name",
      "  holdfast:services[0].path",
      "  holdfast:minReadySeconds",
    ]);
  });

  test("hides no contradiction by a misspelt key, and names the key that was meant", () => {
    const services = [
      service("chat", "/chat", { imgae: "registry.example/chat:2.0", image: "registry.example/chat:2.0" }),
    ];
    const values = { services, drain: { gracePeriodSeconds: 30 }, sesionStore: { kind: "none" } };
    expect(
      catchError(() => load({ values }))
        .message.split("\n")
        .slice(1),
    ).toEqual([
      expect.stringMatching(/^ {2}holdfast:services\[0\]\.imgae is .*\. Did you mean image\?$/) as string,
      expect.stringMatching(/^ {2}holdfast:sesionStore is .*\. Did you mean sessionStore\?$/) as string,
      "  holdfast:drain.gracePeriodSeconds is 30, expected at least 45 (preStop 10 s + drain 30 s + close 5 s). Raise it to 45 or shorten drain.drainSeconds.",
    ]);
  });

  const own = (more: object) => ({
    services: [{ name: "chat", image: "registry.example/chat:2.0", ...more }],
  });
  test.each<[string, Record<string, unknown>, string]>([
    [
      "a probe without a target",
      own({ probes: { readiness: { port: 1 } } }),
      "services[0].probes.readiness is",
    ],
    [
      "a probe's misspelt key",
      own({ probes: { readiness: { path: "/healthz", perid: 2 } } }),
      "services[0].probes.readiness.perid is 2",
    ],
    [
      "a port out of range",
      own({ ports: { http: 70_000 } }),
      "services[0].ports.http is 70000, expected a whole number from 1 to 65535",
    ],
    [
      "two ports with one number",
      own({ ports: { http: 80, metrics: 80 } }),
      "services[0].ports.metrics is 80, expected a port other than ports.http",
    ],
    ["a variable's wrong form", own({ env: { A: { vault: "x" } } }), "services[0].env.A"],
    ["a name that is no variable's", own({ env: { "A-B": "x" } }), "services[0].env.A-B"],
    [
      "labels that select the pods",
      own({ podLabels: { "app.kubernetes.io/name": "x" } }),
      'services[0].podLabels["app.kubernetes.io/name"] is x',
    ],
    [
      "a label by which the stack selects its pods",
      own({ podLabels: { "app.kubernetes.io/part-of": "chat" } }),
      'services[0].podLabels["app.kubernetes.io/part-of"] is chat',
    ],
    [
      "a mount without its volume",
      own({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
      "services[0].volumeMounts[0].name is data, expected the name of a volume: tmp",
    ],
    ["a surge of nothing", own({ rollout: { maxSurge: "0%" } }), "services[0].rollout.maxSurge"],
    [
      "an autoscaler without a metric",
      own({ autoscaling: { minReplicas: 1, maxReplicas: 2, connectionsPerPod: 9 } }),
      "services[0].ports.metrics is missing",
    ],
    [
      "a store that the stack does not have",
      { ...own({ sessionStore: { env: "URL" } }), sessionStore: { kind: "none" } },
      "services[0].sessionStore.env is URL, expected nothing",
    ],
    [
      "a service's grace period below its parts",
      own({ drain: { drainSeconds: 60, gracePeriodSeconds: 50 } }),
      "services[0].drain.gracePeriodSeconds is 50, expected at least 75",
    ],
    [
      "a proxy that speaks what the service does not",
      own({ connectionProxy: { mode: "holdfast" } }),
      "services[0].connectionProxy.mode is holdfast, expected at-most-once or at-least-once",
    ],
    [
      "Socket.IO behind a proxy of plain sockets",
      own({ protocol: "socket.io", connectionProxy: { mode: "at-most-once" } }),
      "services[0].connectionProxy.mode is at-most-once, expected socket.io",
    ],
    [
      "ports of the application itself",
      { services: [service("chat", "/chat", { ports: { http: 3000 } })] },
      "services[0].ports is set, expected nothing",
    ],
    [
      "no store for the application",
      { services: [service("chat", "/chat")], sessionStore: { kind: "none" } },
      "sessionStore.kind is none",
    ],
    [
      "a namespace of its own for what runs already",
      { services: [{ name: "chat", existing: true }] },
      "namespace.create is true, expected false",
    ],
    [
      "an image for what runs already",
      { ...own({ existing: true }), namespace: { name: "chat", create: false } },
      "services[0].image is set, expected nothing",
    ],
    ...(
      [
        ["env", { A: "1" }],
        ["envFrom", [{ secret: "chat" }]],
        ["imagePullSecrets", ["registry"]],
        ["nodeSelector", { disk: "ssd" }],
        ["tolerations", [{ operator: "Exists" }]],
        ["podLabels", { team: "chat" }],
        ["podAnnotations", { team: "chat" }],
        ["volumes", [{ name: "data", emptyDir: {} }]],
        ["volumeMounts", [{ name: "tmp", mountPath: "/data" }]],
        ["egress", [{ to: { cidr: "10.0.0.0/8" } }]],
        ["securityContext", { runAsUser: 5 }],
      ] satisfies [string, object][]
    ).map(([key, value]): [string, Record<string, unknown>, string] => [
      `${key} for what runs already`,
      {
        namespace: { name: "chat", create: false },
        services: [{ name: "chat", existing: true, [key]: value }],
      },
      `services[0].${key} is set, expected nothing, since the service is existing`,
    ]),
    [
      "a port for metrics of what runs already",
      {
        namespace: { name: "chat", create: false },
        services: [{ name: "chat", existing: true, ports: { http: 80, metrics: 9090 } }],
      },
      "services[0].ports.metrics is set, expected nothing, since the service is existing",
    ],
    [
      "annotations for a ServiceAccount that exists",
      own({ serviceAccount: { name: "chat", annotations: { role: "chat" } } }),
      "services[0].serviceAccount.annotations is set, expected nothing, since the ServiceAccount chat exists",
    ],
    [
      "a gauge for the autoscaler of a proxy",
      own({
        connectionProxy: {
          autoscaling: { minReplicas: 2, maxReplicas: 3, connectionsPerPod: 9, metric: "sockets" },
        },
      }),
      "services[0].connectionProxy.autoscaling.metric is sockets, expected nothing, since a proxy scales",
    ],
    [
      "nobody who may come where there is no edge",
      { edge: { kind: "none" } },
      "network.edge is missing, expected a list of peers that connect",
    ],
    [
      "a network that is none",
      { network: { edge: [{ cidr: "10.0.0.0/33" }] } },
      "network.edge[0].cidr is 10.0.0.0/33",
    ],
    [
      "root beside runAsNonRoot",
      { ...own({ securityContext: { runAsUser: 0 } }), namespace: { name: "chat", create: false } },
      "services[0].securityContext.runAsUser is 0, expected a user other than root, because runAsNonRoot is true",
    ],
    ...(
      [
        ["baseline", { runAsNonRoot: false }, "securityContext.runAsNonRoot is false"],
        ["baseline", { runAsUser: 0, runAsNonRoot: false }, "securityContext.runAsUser is 0"],
        ["baseline", { allowPrivilegeEscalation: true }, "securityContext.allowPrivilegeEscalation is true"],
        ["baseline", { capabilities: { drop: ["ALL"], add: ["CHOWN"] } }, "securityContext.capabilities is"],
        ["privileged", { capabilities: { add: ["NET_ADMIN"] } }, "securityContext.capabilities is"],
        ["privileged", { seccompProfile: { type: "Unconfined" } }, "securityContext.seccompProfile is"],
      ] satisfies [string, object, string][]
    ).map(([level, securityContext, why]): [string, Record<string, unknown>, string] => [
      `a namespace that would refuse pods with ${JSON.stringify(securityContext)}`,
      own({ securityContext }),
      `namespace.podSecurity is restricted, expected ${level}, since services[0].${why}`,
    ]),
    [
      "a namespace that would refuse a folder of the node",
      own({ volumes: [{ name: "host", hostPath: { path: "/var" } }] }),
      "namespace.podSecurity is restricted, expected privileged, since services[0].volumes[0] is a hostPath",
    ],
    ["a path with a dot segment", own({ path: "/chat/.." }), "services[0].path is /chat/.."],
  ])("refuses %s", (_, values, expected) => {
    expect(issuesOf({ values })).toEqual([expect.stringContaining(expected)]);
  });

  test.each([
    ["of the level that the pods need", { name: "chat", podSecurity: "baseline" }],
    ["that the stack does not make", { name: "chat", create: false }],
  ])("accepts root in a namespace %s", (_, namespace) => {
    const values = { ...own({ securityContext: { runAsUser: 0, runAsNonRoot: false } }), namespace };
    expect(load({ values }).services).toHaveLength(1);
  });

  test("needs no host without an edge", () => {
    const rest = without("host");
    const values = { ...rest, edge: { kind: "none" }, network: { edge: [{ sameNamespace: true }] } };
    expect(load({ values }).network.edge).toEqual([{ sameNamespace: true, podLabels: {} }]);
  });
});

describe("the resources", () => {
  test.each<[object, object]>([
    [{ cpu: 2 }, { cpu: "2", memory: "512Mi" }],
    [{ cpu: 0.25 }, { cpu: "0.25", memory: "512Mi" }],
    [{ cpu: "1.5" }, { cpu: "1.5", memory: "512Mi" }],
    [{ cpu: "0.10" }, { cpu: "0.10", memory: "512Mi" }],
    [{ cpu: "250000u" }, { cpu: "250000u", memory: "512Mi" }],
    [{ memory: "1.5Gi" }, { cpu: "250m", memory: "1.5Gi" }],
    [{ memory: "512M" }, { cpu: "250m", memory: "512M" }],
    [{ memory: "1e9" }, { cpu: "250m", memory: "1e9" }],
    [{ memory: "524288Ki" }, { cpu: "250m", memory: "524288Ki" }],
    [{ memory: 536_870_912 }, { cpu: "250m", memory: "536870912" }],
  ])("may be %j", (resources, expected) => {
    expect(load({ values: { resources } }).resources).toEqual(expected);
    const services = [service("chat", "/chat", { resources, connectionProxy: { resources } })];
    const [chat] = load({ values: { services } }).services;
    expect([chat?.resources, chat?.connectionProxy?.resources]).toEqual([expected, expected]);
  });

  const cpu = "processors such as 250m, 1.5 or 2";
  const memory = "memory of at least 1Mi such as 512Mi, 1.5Gi or 2Gi";
  test.each<[object, string]>([
    [{ cpu: 0 }, `resources.cpu is 0, expected ${cpu}`],
    [{ cpu: "two" }, `resources.cpu is two, expected ${cpu}`],
    [{ cpu: "-1" }, `resources.cpu is -1, expected ${cpu}`],
    [{ memory: 512 }, `resources.memory is 512, expected ${memory}`],
    [{ memory: "400m" }, `resources.memory is 400m, expected ${memory}`],
    [{ memory: "512MB" }, `resources.memory is 512MB, expected ${memory}`],
    [{ memory: "1.5.5Gi" }, `resources.memory is 1.5.5Gi, expected ${memory}`],
  ])("may not be %j", (resources, issue) => {
    expect(issuesOf({ values: { resources } })).toEqual([issue]);
  });
});

function catchError(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
