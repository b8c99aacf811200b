import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { z } from "zod";
import { pulumiSkipAwait } from "../../../annotations";
import { componentLabels, selectorLabels, workloadLabels } from "../../../labels";
import { redisPort } from "../../../ports";
import { bool, imageReference, object, objectName, text, int } from "../../../config/values";
import { checkArgs } from "../../check-args";
import { parseArgs, type FlatArgs } from "../../flat-args";
import { ArgumentError } from "../../input";
import { checkNamespace } from "../../names";
import { restrictedContainer, restrictedPod } from "../../restricted";
import type { SecretKey, SessionStore } from "../session-store";

export const redisSchema = object({
  kind: z.literal("redis"),
  /** Valkey or Redis, 7.0 or newer; docs/decisions/0021-session-store-image.md says why this one. */
  image: imageReference.default("valkey/valkey:8.1.8-alpine"),
  /** The container's limit; 70 % of it is for data. MiB. */
  memoryMiB: int(64, 262_144).default(512),
  /** Of the volume that holds the append-only file. GiB; a change is refused once the volume is there. */
  storageGiB: int(1, 16_384).default(8),
  /** The cluster's default unless given. */
  storageClassName: objectName.optional(),
  /** Whether Pulumi refuses to delete or replace the server, so that the preview of `pulumi destroy` fails. */
  protect: bool.default(false),
});

export type RedisConfig = z.infer<typeof redisSchema>;

export interface RedisStoreArgs extends FlatArgs<typeof redisSchema> {
  /** Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** Of the StatefulSet and the Service; the headless Service adds `-headless`. Default: the resource's name. */
  readonly serviceName?: string | undefined;
  /** Whether the server is closed to all but the stack's services. Default true. */
  readonly networkPolicies?: boolean | undefined;
}

/** The names that a store takes in its namespace. */
interface Names {
  readonly workload: string;
  readonly headless: string;
}

function namesOf(workload: string): Names {
  return { workload, headless: `${workload}-headless` };
}

/** Those of a stack's store. */
export const redisNames = namesOf("redis");

/** The headless Service adds nine characters to a Service's 63. */
const nameSchema = text(
  /^[a-z]([a-z0-9-]{0,52}[a-z0-9])?$/,
  "a Service name: lower-case letters, digits and -, a letter first, at most 54 characters",
);

const labelsOf = ({ workload }: Names) => workloadLabels(workload, "session-store");
const selectorOf = ({ workload }: Names) => selectorLabels(workload);

/** The account of the official images; others run under any. */
const redisUser = 999;

/**
 * One Redis server with its data on a volume: StatefulSet, Services, generated password, NetworkPolicy.
 * Guards against what loses sessions: eviction (noeviction, bounded memory), a restart (append-only file,
 * fsynced each second), subscribers that read too slowly (bounded buffers), a password that anyone can read
 * (Secret, never an argument). It has no replica: a node that fails takes sessions away until the pod is back;
 * where that is too much, use a managed store.
 *
 * @example new RedisStore("sessions", { namespace: "chat", memoryMiB: 512 });
 */
export class RedisStore extends pulumi.ComponentResource implements SessionStore {
  readonly url: SecretKey;
  readonly mode = "single";
  readonly egress: k8s.types.input.networking.v1.NetworkPolicyEgressRule;

  constructor(name: string, args: RedisStoreArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:RedisStore", name, args, opts);
    const { namespace: given, networkPolicies, serviceName = name, ...own } = args;
    const where = `RedisStore ${name}`;
    const config = parseArgs(where, redisSchema, own);
    checkArgs(where, object({ serviceName: nameSchema }), { serviceName });
    const namespace = checkNamespace(where, given);
    const names = namesOf(serviceName);
    const child = { parent: this };
    this.egress = {
      to: [{ podSelector: { matchLabels: selectorLabels(serviceName) } }],
      ports: [{ protocol: "TCP", port: redisPort }],
    };

    // Letters and digits only: it stands in a URL and in a configuration line without quoting.
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, child)
      .result;
    const host = pulumi.interpolate`${names.workload}.${namespace}.svc`;
    // Named by Pulumi, and renewed whatever the provider is set to: new content is a new object with a new name,
    // and what refers to it rolls. See docs/decisions/0020-secrets-roll-pods.md.
    const secret = new k8s.core.v1.Secret(
      `${name}-auth`,
      {
        metadata: { namespace, labels: labelsOf(names) },
        stringData: { password, url: pulumi.interpolate`redis://:${password}@${host}:${redisPort}` },
      },
      { ...child, replaceOnChanges: ["stringData"] },
    );
    const settings = new k8s.core.v1.ConfigMap(
      `${name}-config`,
      { metadata: { namespace, labels: labelsOf(names) }, data: { "redis.conf": redisConf(config) } },
      { ...child, replaceOnChanges: ["data"] },
    );
    this.url = { name: secret.metadata.name, key: "url" };

    new k8s.core.v1.Service(`${name}-headless`, headlessService(names, namespace), child);
    new k8s.core.v1.Service(`${name}-service`, clientService(names, namespace), child);
    if (networkPolicies !== false) {
      new k8s.networking.v1.NetworkPolicy(`${name}-policy`, policy(names, namespace), child);
    }
    const server = new k8s.apps.v1.StatefulSet(
      `${name}-server`,
      statefulSet(names, config, namespace, secret.metadata.name, settings.metadata.name),
      {
        ...child,
        protect: config.protect,
        // A volume that nobody provides shows within minutes, not after ten.
        customTimeouts: { create: "5m", update: "5m" },
        // Kubernetes changes no claim template, so Pulumi would replace the server, and its claim would stay as it is.
        ignoreChanges: ["spec.volumeClaimTemplates"],
      },
    );
    this.registerOutputs({
      url: this.url,
      mode: this.mode,
      storage: pulumi
        .all([server.spec.volumeClaimTemplates, namespace])
        .apply(([claims, there]) => checkedStorage(config.storageGiB, storageOf(claims), there, names)),
    });
  }
}

/** The claim that the server has, as the engine knows it: `ignoreChanges` keeps what it was made with. */
function storageOf(claims: k8s.types.output.core.v1.PersistentVolumeClaim[] | undefined): string | undefined {
  return claims?.[0]?.spec.resources.requests.storage;
}

/** Throws {@link ArgumentError} where the claim that is there has another size, with the way to grow it. */
export function checkedStorage(
  storageGiB: number,
  actual: string | undefined,
  namespace: string,
  { workload }: Pick<Names, "workload"> = redisNames,
): string {
  const wanted = `${storageGiB}Gi`;
  if (actual === undefined || actual === wanted) return wanted;
  const kubectl = `kubectl --namespace ${namespace}`;
  throw new ArgumentError(
    `sessionStore.storageGiB is ${storageGiB}, but the volume of ${workload} was made with ${actual}, and Kubernetes changes no ` +
      `claim template. Set it back, or, to grow the volume where its StorageClass allows expansion, run:\n` +
      `  ${kubectl} patch pvc data-${workload}-0 --patch '{"spec":{"resources":{"requests":{"storage":"${wanted}"}}}}'\n` +
      `  ${kubectl} delete statefulset ${workload} --cascade=orphan\n` +
      `  pulumi refresh --yes && pulumi up\n` +
      `The pod goes on meanwhile; the new StatefulSet takes it over. A claim never shrinks.`,
  );
}

/** Redis reads the units mb as MiB. */
function redisConf(config: RedisConfig): string {
  return [
    "dir /data",
    "appendonly yes",
    "appendfsync everysec",
    // The append-only file is the one copy; snapshots beside it would only cost memory when they fork.
    'save ""',
    // The rest of the limit is for buffers, and for pages copied while the file is rewritten.
    `maxmemory ${Math.floor(config.memoryMiB * 0.7)}mb`,
    "maxmemory-policy noeviction",
    // A subscriber that reads this slowly is cut; it fills the gap from the stream when it is back.
    "client-output-buffer-limit pubsub 32mb 8mb 60",
    "tcp-keepalive 60",
    "",
  ].join("\n");
}

function headlessService(names: Names, namespace: pulumi.Input<string>): k8s.core.v1.ServiceArgs {
  return {
    metadata: { name: names.headless, namespace, labels: labelsOf(names) },
    spec: {
      clusterIP: "None",
      selector: selectorOf(names),
      ports: [{ name: "redis", port: redisPort, targetPort: "redis" }],
    },
  };
}

function clientService(names: Names, namespace: pulumi.Input<string>): k8s.core.v1.ServiceArgs {
  return {
    // The StatefulSet is waited for; its Service's endpoints follow.
    metadata: {
      name: names.workload,
      namespace,
      labels: labelsOf(names),
      annotations: { [pulumiSkipAwait]: "true" },
    },
    spec: {
      type: "ClusterIP",
      selector: selectorOf(names),
      ports: [{ name: "redis", port: redisPort, targetPort: "redis" }],
    },
  };
}

/** Only pods of the stack's services come in, and nothing goes out. */
function policy(names: Names, namespace: pulumi.Input<string>): k8s.networking.v1.NetworkPolicyArgs {
  return {
    metadata: { name: names.workload, namespace, labels: labelsOf(names) },
    spec: {
      podSelector: { matchLabels: selectorOf(names) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        {
          from: [{ podSelector: { matchLabels: componentLabels("websocket-service") } }],
          ports: [{ protocol: "TCP", port: redisPort }],
        },
      ],
    },
  };
}

function statefulSet(
  names: Names,
  config: RedisConfig,
  namespace: pulumi.Input<string>,
  secretName: pulumi.Input<string>,
  configMapName: pulumi.Input<string>,
): k8s.apps.v1.StatefulSetArgs {
  const ping = { exec: { command: ["redis-cli", "-e", "ping"] }, timeoutSeconds: 5 };
  const memory = `${config.memoryMiB}Mi`;
  return {
    metadata: { name: names.workload, namespace, labels: labelsOf(names) },
    spec: {
      serviceName: names.headless,
      replicas: 1,
      selector: { matchLabels: selectorOf(names) },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
      template: {
        metadata: { labels: labelsOf(names) },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: restrictedPod(redisUser),
          containers: [
            {
              name: "redis",
              image: config.image,
              // The password reaches the server on its standard input: an argument shows in every process list.
              // exec leaves the server as process 1, which gets SIGTERM.
              command: ["sh", "-c", startScript],
              env: [
                // redis-cli reads this name, so the probes need no password of their own.
                {
                  name: "REDISCLI_AUTH",
                  valueFrom: { secretKeyRef: { name: secretName, key: "password" } },
                },
              ],
              ports: [{ name: "redis", containerPort: redisPort }],
              // Loading a large file takes minutes, in which the server answers LOADING.
              startupProbe: { ...ping, periodSeconds: 2, failureThreshold: 150 },
              readinessProbe: { ...ping, periodSeconds: 5, failureThreshold: 2 },
              livenessProbe: { ...ping, periodSeconds: 10, failureThreshold: 6 },
              resources: { requests: { cpu: "100m", memory }, limits: { memory } },
              securityContext: restrictedContainer,
              volumeMounts: [
                { name: "data", mountPath: "/data" },
                { name: "config", mountPath: "/etc/redis", readOnly: true },
                { name: "tmp", mountPath: "/tmp" },
              ],
            },
          ],
          volumes: [
            { name: "config", configMap: { name: configMapName } },
            { name: "tmp", emptyDir: {} },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          // The list is atomic, and the API server adds the fields that it omits. An `up` that repeats an interrupted one
          // has another field manager, and would conflict with them.
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          metadata: { name: "data" },
          spec: {
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: `${config.storageGiB}Gi` } },
            volumeMode: "Filesystem",
            ...(config.storageClassName === undefined ? {} : { storageClassName: config.storageClassName }),
          },
          status: { phase: "Pending" },
        },
      ],
    },
  };
}

const startScript = [
  "exec redis-server - <<END",
  "include /etc/redis/redis.conf",
  "requirepass $REDISCLI_AUTH",
  "END",
].join("\n");
