import * as pulumi from "@pulumi/pulumi";
import { redisPort } from "../../../ports";
import { lift } from "../../input";
import * as aws from "./aws";
import type { ElastiCacheValues } from "./schema";

/** Where a replication group is, and who may connect to it. */
export interface StoreNetwork {
  readonly subnetGroupName: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
}

export interface StoreNetworkArgs extends Pick<ElastiCacheValues, "vpcId" | "subnets" | "clients"> {
  readonly tags: Readonly<Record<string, string>>;
  /** Defaults to the provider's own. */
  readonly region?: string;
}

/**
 * The subnet group, and a security group that lets the clients in on Redis' port and nothing out. Each client has its own rule,
 * so that adding one does not change the others.
 */
export function storeNetwork(
  name: string,
  { vpcId, subnets, clients, tags, region }: StoreNetworkArgs,
  opts: pulumi.CustomResourceOptions,
): StoreNetwork {
  const there = region === undefined ? {} : { region };
  const subnetGroup = new aws.elasticache.SubnetGroup(
    `${name}-subnets`,
    {
      description: "Holdfast's session store",
      subnetIds: lift([subnets], (all) => all.map(({ id }) => id)),
      tags,
      ...there,
    },
    opts,
  );
  const securityGroup = new aws.ec2.SecurityGroup(
    `${name}-access`,
    { description: "Who reaches Holdfast's session store", vpcId, tags, ...there },
    opts,
  );
  const rule = (
    source: string,
    from: { referencedSecurityGroupId: string } | { cidrIpv4: string } | { cidrIpv6: string },
  ) =>
    new aws.vpc.SecurityGroupIngressRule(
      `${name}-access-${source}`,
      {
        securityGroupId: securityGroup.id,
        ipProtocol: "tcp",
        fromPort: redisPort,
        toPort: redisPort,
        tags,
        ...from,
        ...there,
      },
      opts,
    );
  for (const id of clients.securityGroupIds) rule(id, { referencedSecurityGroupId: id });
  for (const range of clients.cidrs) {
    rule(range.replace(/[/:]/g, "-"), range.includes(":") ? { cidrIpv6: range } : { cidrIpv4: range });
  }
  return { subnetGroupName: subnetGroup.name, securityGroupId: securityGroup.id };
}
