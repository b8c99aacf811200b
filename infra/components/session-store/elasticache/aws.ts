/** The AWS services that the store uses, imported one by one: the package as a whole loads all of AWS. */
export * as cloudwatch from "@pulumi/aws/cloudwatch";
export * as ec2 from "@pulumi/aws/ec2";
export * as elasticache from "@pulumi/aws/elasticache";
export * as vpc from "@pulumi/aws/vpc";
export type { types } from "@pulumi/aws";
