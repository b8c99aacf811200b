import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createSessionStore, type SessionStoreArgs } from "../../infra/components/session-store";
import { redisSchema } from "../../infra/components/session-store/redis/schema";
import { externalSchema } from "../../infra/components/session-store/external/schema";
import { rendered } from "./rendered";
import { deployed, inputsOf, kindsOf, resourceOf } from "./deployed";
import { selectorOf } from "./selectors";

function create(config: SessionStoreArgs["config"], externalUrl?: string) {
  return deployed(() => {
    const { url, mode, sentinelName, egress } = createSessionStore("redis", {
      config,
      namespace: "nova",
      externalUrl: externalUrl === undefined ? undefined : pulumi.secret(externalUrl),
    });
    return { url, mode, egress, ...(sentinelName === undefined ? {} : { sentinelName }) };
  });
}

const redis = (change: object = {}) => create(redisSchema.parse({ kind: "redis", ...change }));

type Container = k8s.types.output.core.v1.Container;
type StatefulSet = k8s.types.output.apps.v1.StatefulSet;

async function statefulSetOf(change: object = {}): Promise<StatefulSet["spec"]> {
  return inputsOf(await redis(change), "StatefulSet").spec;
}

async function serverOf(change: object = {}): Promise<Container> {
  const [container] = (await statefulSetOf(change)).template.spec.containers;
  if (container === undefined) throw new Error("the pod has no container");
  return container;
}

test("imagePullSecrets reach every pod of a stack, also the store's", async () => {
  const objects = await rendered("nginx-proxy", { imagePullSecrets: ["registry"] });
  const pods = objects.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet") as unknown as {
    metadata: { name: string };
    spec: { template: { spec: object } };
  }[];
  expect(pods.map(({ metadata }) => metadata.name)).toEqual(
    expect.arrayContaining(["redis", expect.stringMatching(/-proxy$/)]),
  );
  for (const { metadata, spec } of pods) {
    expect({ name: metadata.name, ...spec.template.spec }).toMatchObject({
      imagePullSecrets: [{ name: "registry" }],
    });
  }
});

test("nodeSelector and tolerations place services, proxies and the store, each by its own keys", async () => {
  const placed = (disk: string) => ({
    nodeSelector: { disk },
    tolerations: [{ key: "pool", value: disk, effect: "NoSchedule" }],
  });
  const objects = await rendered("staging", {
    services: [{ name: "chat", path: "/chat", ...placed("ssd"), connectionProxy: placed("none") }],
    sessionStore: { kind: "redis", ...placed("nvme") },
  });
  const podOf = (name: string) =>
    objects.find(({ kind, metadata }) => /^(Deployment|StatefulSet)$/.test(kind) && metadata.name === name);
  for (const [name, disk] of [
    ["chat", "ssd"],
    ["chat-proxy", "none"],
    ["redis", "nvme"],
  ] as const) {
    expect(podOf(name)).toMatchObject({ spec: { template: { spec: placed(disk) } } });
  }
});

describe("the store redis", () => {
  test("is a server with its password, its settings, its Services and its policy", async () => {
    expect(kindsOf(await redis())).toEqual([
      "ConfigMap",
      "NetworkPolicy",
      "RandomPassword",
      "Secret",
      "Service",
      "Service",
      "StatefulSet",
    ]);
  });

  test("keeps password and URL in a Secret that Pulumi names and treats as a secret", async () => {
    const secret = resourceOf(await redis(), "Secret");
    expect(secret.secretInputs).toEqual(["stringData"]);
    expect(secret.inputs.metadata).not.toHaveProperty("name");
    expect(secret.inputs.stringData).toEqual({
      password: "value-of-redis-password",
      url: "redis://:value-of-redis-password@redis.nova.svc:6379",
    });
  });

  test("passes its URL to the application", async () => {
    const evaluation = await redis();
    const { name } = resourceOf(evaluation, "Secret").outputs.metadata as { name: string };
    expect(evaluation.outputs).toEqual({
      url: { name, key: "url" },
      mode: "single",
      egress: {
        to: [{ podSelector: { matchLabels: selectorOf("redis") } }],
        ports: [{ protocol: "TCP", port: 6379 }],
      },
    });
  });

  test("shows the password in no process list: it comes by a reference and is passed on standard input", async () => {
    const evaluation = await redis();
    const { name } = resourceOf(evaluation, "Secret").outputs.metadata as { name: string };
    const { command, args, env } = await serverOf();
    expect(command).toEqual([
      "sh",
      "-c",
      "exec redis-server - <<END\ninclude /etc/redis/redis.conf\nrequirepass $REDISCLI_AUTH\nEND",
    ]);
    expect(args).toBeUndefined();
    expect(env).toEqual([{ name: "REDISCLI_AUTH", valueFrom: { secretKeyRef: { name, key: "password" } } }]);
    expect(JSON.stringify(resourceOf(evaluation, "StatefulSet").inputs)).not.toContain(
      "value-of-redis-password",
    );
  });

  test.each([
    { memoryMiB: 512, maxmemory: "358mb" },
    { memoryMiB: 64, maxmemory: "44mb" },
  ])(
    "uses $maxmemory of $memoryMiB MiB for data, and evicts none of it",
    async ({ memoryMiB, maxmemory }) => {
      const { data } = inputsOf(await redis({ memoryMiB }), "ConfigMap");
      expect(data["redis.conf"]?.split("\n")).toEqual(
        expect.arrayContaining([
          `maxmemory ${maxmemory}`,
          "maxmemory-policy noeviction",
          "appendonly yes",
          "appendfsync everysec",
          "client-output-buffer-limit pubsub 32mb 8mb 60",
        ]),
      );
      expect((await serverOf({ memoryMiB })).resources.limits).toEqual({ memory: `${memoryMiB}Mi` });
    },
  );

  test("may take as long to start as its probe allows, after its old pod has ended and its volume has moved", async () => {
    const { customTimeouts } = resourceOf(await redis(), "StatefulSet");
    const { startupProbe } = await serverOf();
    const { terminationGracePeriodSeconds } = (await statefulSetOf()).template.spec;
    const seconds = (time: unknown) => Number(/^(\d+)s$/.exec(String(time))?.[1]);
    const start = startupProbe.periodSeconds * startupProbe.failureThreshold;
    expect(start).toBe(300);
    expect(seconds(customTimeouts.create)).toBeGreaterThan(start);
    // Kubernetes detaches the volume of a lost node after six minutes.
    expect(seconds(customTimeouts.update)).toBeGreaterThan(start + terminationGracePeriodSeconds + 360);
  });

  test("keeps its volume, whatever happens to the StatefulSet", async () => {
    const { persistentVolumeClaimRetentionPolicy, volumeClaimTemplates } = await statefulSetOf({
      storageGiB: 20,
      storageClassName: "fast",
    });
    expect(persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: "Retain", whenScaled: "Retain" });
    expect(volumeClaimTemplates).toMatchObject([
      { spec: { storageClassName: "fast", resources: { requests: { storage: "20Gi" } } } },
    ]);
  });

  test("is alive only if it answers a ping; an error does not count", async () => {
    const { startupProbe, readinessProbe, livenessProbe } = await serverOf();
    for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
      expect(probe.exec.command).toEqual(["redis-cli", "-e", "ping"]);
    }
  });

  test("satisfies Pod Security restricted", async () => {
    const { template } = await statefulSetOf();
    expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 999, fsGroup: 999 });
    expect((await serverOf()).securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("allows only the services' pods in, and nothing out", async () => {
    const { spec } = inputsOf(await redis(), "NetworkPolicy");
    expect(spec).toEqual({
      podSelector: { matchLabels: selectorOf("redis") },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [
            {
              podSelector: {
                matchLabels: {
                  "app.kubernetes.io/component": "websocket-service",
                  "app.kubernetes.io/part-of": "holdfast",
                },
              },
            },
          ],
          ports: [{ protocol: "TCP", port: 6379 }],
        },
      ],
    });
  });

  test("has a headless Service for its identity and another for its clients", async () => {
    const evaluation = await redis();
    const specOf = (name: string) => inputsOf(evaluation, "Service", name).spec;
    expect(specOf("redis-headless").clusterIP).toBe("None");
    expect((await statefulSetOf()).serviceName).toBe("redis-headless");
    expect(specOf("redis-service")).toMatchObject({ type: "ClusterIP", ports: [{ port: 6379 }] });
  });
});

describe("the store external", () => {
  const url = "rediss://user:pass@cache.example:6380";
  const external = (change: object = {}) =>
    create(externalSchema.parse({ kind: "external", ...change }), url);

  test("is a Secret with the URL, treated as a secret", async () => {
    const evaluation = await external();
    expect(kindsOf(evaluation)).toEqual(["Secret"]);
    const secret = resourceOf(evaluation, "Secret");
    expect(secret.inputs.stringData).toEqual({ url });
    expect(secret.secretInputs).toEqual(["stringData"]);
  });

  test("opens the way to the configured addresses and ports", async () => {
    const { outputs } = await external({
      mode: "sentinel",
      sentinelName: "sessions",
      cidrs: ["10.0.0.0/16", "fd00::/8"],
      ports: [6380, 26_379],
    });
    expect(outputs).toMatchObject({
      mode: "sentinel",
      sentinelName: "sessions",
      egress: {
        to: [{ ipBlock: { cidr: "10.0.0.0/16" } }, { ipBlock: { cidr: "fd00::/8" } }],
        ports: [
          { protocol: "TCP", port: 6380 },
          { protocol: "TCP", port: 26_379 },
        ],
      },
    });
  });

  test("cannot be created without its URL", async () => {
    await expect(create(externalSchema.parse({ kind: "external" }))).rejects.toThrow("holdfast:redisUrl");
  });
});
