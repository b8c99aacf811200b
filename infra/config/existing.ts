import { z } from "zod";
import { bool, object, objectName, serviceName } from "./values";

/** A Deployment and a Service that something else owns. Holdfast adds fields to them and removes these on destroy. */
export const existingSchema = z.union(
  [
    z.literal(true),
    object({
      /** The name of the running Deployment. Defaults to the service's name. */
      deployment: objectName.optional(),
      /** The name of the running Service. Defaults to the service's name. */
      service: serviceName.optional(),
      /** The container that gets the preStop hook. Defaults to the service's name. */
      container: serviceName.optional(),
      /** Creates a PodDisruptionBudget. Set it to false if the pods have one, because two budgets block every eviction. */
      disruptionBudget: bool.default(true),
      /** Takes over fields that another owner has set to a value other than Kubernetes' default. The old values are lost; destroy does not restore them. */
      force: bool.default(false),
    }),
  ],
  { error: "true, or { deployment, service, container, disruptionBudget, force }" },
);
