import { PolicyPack } from "@pulumi/policy";
import { policies } from "../policies";

/** Serves the rules to Pulumi's engine as long as this process lives, so nothing else may load this file. */
new PolicyPack("holdfast", { displayName: "Holdfast", policies });
