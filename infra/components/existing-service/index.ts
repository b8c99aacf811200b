/** Adopts a Deployment and a Service that something else owns: see {@link ExistingService}. */
export type { ExistingServiceArgs } from "./args";
export { ExistingService } from "./component";
