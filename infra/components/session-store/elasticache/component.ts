import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { stackLabels } from "../../../labels";
import { redisPort } from "../../../ports";
import { argumentError, parseArgs, type FlatArgs } from "../../flat-args";
import { lift } from "../../input";
import type { SecretKey, SessionStore } from "../session-store";
import { storeAlarms } from "./alarms";
import * as aws from "./aws";
import { elasticacheIssues } from "./issues";
import { storeNetwork } from "./network";
import {
  access,
  engine,
  ownedByGlobalDatastore,
  parameterGroup,
  size,
  times,
  maintenance,
  urlOf,
} from "./replication-group";
import { elasticacheSchema, type ElastiCacheValues, type FromResources } from "./schema";
import { secondRegion } from "./second-region";

export interface ElastiCacheStoreArgs extends FlatArgs<typeof elasticacheSchema, FromResources> {
  /** The namespace of the Secret with the store's URL. Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
}

/**
 * A Valkey or Redis that AWS runs: replication group, parameter group, subnet group, security group, generated auth token,
 * alarms, and the Secret with its URL. Guards against the loss of sessions: a failing zone (a replica in another zone, automatic
 * failover), eviction (noeviction, an alarm on memory), passwords or messages that others can read on the path or on disk (TLS,
 * encryption at rest), a change that replaces the store, or a destroy of the wrong stack (protect). ElastiCache Serverless is not
 * supported: it evicts, and this cannot be turned off.
 * Costs a node-hour for each node (`(replicas + 1) × shards`), see docs/costs.md. Creating it takes about a quarter of an hour.
 */
export class ElastiCacheStore extends pulumi.ComponentResource implements SessionStore {
  readonly url: SecretKey;
  readonly mode: "single" | "cluster";
  readonly egress: k8s.types.input.networking.v1.NetworkPolicyEgressRule;
  readonly standbyUrl?: pulumi.Output<string>;

  constructor(
    name: string,
    { namespace = "default", ...own }: ElastiCacheStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("holdfast:index:ElastiCacheStore", name, { ...own, namespace }, opts);
    const where = `ElastiCacheStore ${name}`;
    const config = parseArgs<typeof elasticacheSchema, FromResources>(where, elasticacheSchema, own);
    const issues = elasticacheIssues(config);
    if (issues.length > 0) throw argumentError(where, issues);
    const child = { parent: this };
    const data = { ...child, protect: config.protect };
    const tags = { ...stackLabels, "app.kubernetes.io/instance": pulumi.getStack() };

    const token = authToken(`${name}-token`, config, child);
    const parameters = parameterGroup(`${name}-parameters`, config, tags, child);
    const network = storeNetwork(name, { ...config, tags }, child);
    const group = new aws.elasticache.ReplicationGroup(
      `${name}-group`,
      {
        description: `Holdfast's sessions and rooms, stack ${pulumi.getStack()}`,
        ...engine(config),
        nodeType: config.nodeType,
        ...size(config),
        parameterGroupName: parameters.name,
        ...access(config, network, token),
        ...maintenance(config),
        transitEncryptionEnabled: true,
        transitEncryptionMode: "required",
        atRestEncryptionEnabled: true,
        ...(config.kmsKeyArn === undefined ? {} : { kmsKeyId: config.kmsKeyArn }),
        tags,
      },
      { ...data, ...ownedByGlobalDatastore(config), customTimeouts: times },
    );
    const { alarms } = config;
    storeAlarms(
      `${name}-alarm`,
      { group: { ...config, id: group.id }, thresholds: alarms, topicArns: alarms.topicArns, tags },
      child,
    );

    // Pulumi generates the name, and a new one for each new token, so that pods roll; see
    // docs/decisions/0020-secrets-roll-pods.md.
    const secret = new k8s.core.v1.Secret(
      `${name}-auth`,
      { metadata: { namespace, labels: stackLabels }, stringData: { url: urlOf(config, group, token) } },
      { ...child, replaceOnChanges: ["stringData"] },
    );
    this.url = { name: secret.metadata.name, key: "url" };
    this.mode = config.shards === undefined ? "single" : "cluster";
    this.egress = {
      to: lift([config.subnets], (subnets) => subnets.map(({ cidr }) => ({ ipBlock: { cidr } }))),
      ports: [{ protocol: "TCP", port: redisPort }],
    };
    if (config.secondary !== undefined) {
      const standby = secondRegion(
        name,
        { ...config, secondary: config.secondary },
        { group, token, tags, data, child },
      );
      this.standbyUrl = urlOf(config, standby, token);
    }
    this.registerOutputs({ url: this.url, mode: this.mode });
  }
}

/**
 * Letters and digits only: a URL holds it without quoting, and AWS allows few other characters.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
 */
function authToken(
  name: string,
  { authTokenVersion }: ElastiCacheValues,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const kinds = { minUpper: 1, minLower: 1, minNumeric: 1 };
  const keepers = { version: String(authTokenVersion) };
  return new random.RandomPassword(name, { length: 64, special: false, ...kinds, keepers }, opts).result;
}
