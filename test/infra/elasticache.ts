/** The required keys of the store elasticache. */
export const elasticache = {
  kind: "elasticache",
  nodeType: "cache.r7g.large",
  vpcId: "vpc-0a1b2c3d4e5f60718",
  subnets: [
    { id: "subnet-0a1b2c3d4e5f60711", cidr: "10.20.64.0/20" },
    { id: "subnet-0a1b2c3d4e5f60712", cidr: "10.20.80.0/20" },
  ],
  clients: { securityGroupIds: ["sg-0a1b2c3d4e5f60719"] },
};

/** A second region for it. */
export const secondary = {
  region: "eu-west-1",
  vpcId: "vpc-0a1b2c3d4e5f60728",
  subnets: [
    { id: "subnet-0a1b2c3d4e5f60721", cidr: "10.30.64.0/20" },
    { id: "subnet-0a1b2c3d4e5f60722", cidr: "10.30.80.0/20" },
  ],
  clients: { cidrs: ["10.30.0.0/16", "2001:db8::/56"] },
};
