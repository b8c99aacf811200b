/** Adopts a Deployment and a Service that something else owns: see {@link ExistingService}. */
export { ExistingService, type ExistingServiceArgs } from "./component";
