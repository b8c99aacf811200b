import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { object, text } from "../../../config/values";
import { selectorLabels } from "../../../labels";
import { redisPort } from "../../../ports";
import { checkArgs } from "../../check-args";
import { parseArgs, type FlatArgs } from "../../flat-args";
import { checkNamespace } from "../../names";
import type { SecretKey, SessionStore } from "../session-store";
import { labelsOf, namesOf } from "./names";
import { clientService, headlessService, policy } from "./network";
import { redisSchema } from "./schema";
import { redisConf, serverTimeouts, statefulSet } from "./server";
import { checkedStorage, storageOf } from "./storage";

export interface RedisStoreArgs extends FlatArgs<typeof redisSchema> {
  /** Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** The name of the StatefulSet and the Service; the headless Service adds `-headless`. Defaults to the resource's name. */
  readonly serviceName?: string | undefined;
  /** The names of Secrets with which the image is pulled. */
  readonly imagePullSecrets?: readonly pulumi.Input<string>[] | undefined;
  /** Closes the server to all but the stack's services. Default true. */
  readonly networkPolicies?: boolean | undefined;
}

/** The headless Service adds nine characters to a name of at most 63. */
const nameSchema = text(
  /^[a-z]([a-z0-9-]{0,52}[a-z0-9])?$/,
  "a Service name: lower-case letters, digits and -, a letter first, at most 54 characters",
);

/**
 * One Redis server with its data on a volume: StatefulSet, Services, generated password, NetworkPolicy. Guards against the loss
 * of sessions: eviction (noeviction, limited memory), a restart (append-only file, fsynced each second), subscribers that read
 * too slowly (limited buffers), a password that anyone can read (Secret, never an argument). It has no replica: if its node
 * fails, sessions are unavailable until the pod is back. If that is not acceptable, use a managed store.
 *
 * @example new RedisStore("sessions", { namespace: "chat", memoryMiB: 512 });
 */
export class RedisStore extends pulumi.ComponentResource implements SessionStore {
  readonly url: SecretKey;
  readonly mode = "single";
  readonly egress: k8s.types.input.networking.v1.NetworkPolicyEgressRule;

  constructor(name: string, args: RedisStoreArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:RedisStore", name, args, opts);
    const { namespace: given, networkPolicies, serviceName = name, imagePullSecrets, ...own } = args;
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

    // Letters and digits only: a URL and a configuration line hold it without quoting.
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, child)
      .result;
    const host = pulumi.interpolate`${names.workload}.${namespace}.svc`;
    // Pulumi generates the name, whatever the provider's settings: new content is a new object with a new name, so pods that
    // refer to it roll. See docs/decisions/0020-secrets-roll-pods.md.
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
      statefulSet(names, config, {
        namespace,
        secretName: secret.metadata.name,
        configMapName: settings.metadata.name,
        imagePullSecrets,
      }),
      {
        ...child,
        protect: config.protect,
        customTimeouts: serverTimeouts,
        // Kubernetes cannot change a claim template: Pulumi would replace the server, and its claim would stay unchanged.
        ignoreChanges: ["spec.volumeClaimTemplates"],
      },
    );
    this.registerOutputs({
      url: this.url,
      mode: this.mode,
      storage: pulumi
        .all([server.spec.volumeClaimTemplates, namespace])
        .apply(([claims, there]) => checkedStorage(config, storageOf(claims), there, names)),
    });
  }
}
