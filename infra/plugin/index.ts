import * as pulumi from "@pulumi/pulumi";
import { ComponentProvider } from "./provider";

/** Serves the components to Pulumi's engine as long as this process runs, so no other file may import this one. */
void pulumi.provider.main(new ComponentProvider(), process.argv.slice(2));
