import { PolicyPack } from "@pulumi/policy";
import { policies } from "../policies";

/** Serves the rules to Pulumi's engine as long as this process runs, so no other file may import this one. */
new PolicyPack("holdfast", { displayName: "Holdfast", policies });
