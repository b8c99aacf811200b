import { PolicyPack } from "@pulumi/policy";
import { policyOf } from "./policies";
import { rules } from "./rules";

/** Serves the rules to Pulumi's engine as long as this process lives, so nothing else may load this file. */
new PolicyPack("holdfast", {
  displayName: "Holdfast",
  policies: rules.map(policyOf),
});
