import * as pulumi from "@pulumi/pulumi";
import { ComponentProvider } from "./provider";

/** Serves the components to Pulumi's engine as long as this process lives, so nothing else may load this file. */
void pulumi.provider.main(new ComponentProvider(), process.argv.slice(2));
