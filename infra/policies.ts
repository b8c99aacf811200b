/** The library `@holdfast/pulumi/policy`: Holdfast's policies, for a policy pack of your own. */
import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { policyOf } from "./policy/policies";
import { rules } from "./policy/rules";

/** A policy for each rule of docs/policies.md, by that name: `new PolicyPack("team", { policies })`. */
export const policies: (ResourceValidationPolicy | StackValidationPolicy)[] = rules.map(policyOf);
