import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { stackLabels } from "../../../labels";
import { parseArgs, type FlatArgs } from "../../flat-args";
import type { SecretKey, SessionStore } from "../session-store";
import { externalSchema } from "./schema";

export interface ExternalStoreArgs extends FlatArgs<typeof externalSchema> {
  /** `redis://` or `rediss://`. Always treated as a secret. */
  readonly url: pulumi.Input<string>;
  /** Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
}

/** A Redis that somebody else runs, with its URL from a Pulumi secret. Creates the Secret that holds the URL. */
export class ExternalStore extends pulumi.ComponentResource implements SessionStore {
  readonly url: SecretKey;
  readonly mode: "single" | "sentinel" | "cluster";
  readonly sentinelName?: string;
  readonly egress: k8s.types.input.networking.v1.NetworkPolicyEgressRule;

  constructor(
    name: string,
    { namespace = "default", ...args }: ExternalStoreArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const { url: plainUrl, ...own } = args;
    const url = pulumi.secret(plainUrl);
    super("holdfast:index:ExternalStore", name, { ...own, namespace, url }, opts);
    const config = parseArgs(`ExternalStore ${name}`, externalSchema, own);
    const secret = new k8s.core.v1.Secret(
      `${name}-auth`,
      { metadata: { namespace, labels: stackLabels }, stringData: { url } },
      { parent: this, replaceOnChanges: ["stringData"] },
    );
    this.url = { name: secret.metadata.name, key: "url" };
    this.mode = config.mode;
    if (config.sentinelName !== undefined) this.sentinelName = config.sentinelName;
    this.egress = {
      to: config.cidrs.map((range) => ({ ipBlock: { cidr: range } })),
      ports: config.ports.map((port) => ({ protocol: "TCP", port })),
    };
    this.registerOutputs({ url: this.url, mode: this.mode });
  }
}
