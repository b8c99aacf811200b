/** What a holder adds to its service's namespace, by name. */

/** The workload that holds the clients of a service. */
export function holderName(serviceName: string): string {
  return `${serviceName}-holder`;
}

/** The headless Service by which a holder finds the pods: the other one would send all of a holder's sockets to one pod. */
export function podsName(serviceName: string): string {
  return `${serviceName}-pods`;
}
