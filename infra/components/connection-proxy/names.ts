/** What a proxy adds to its service's namespace, by name. */

/** The workload that holds the clients of a service. */
export function proxyName(serviceName: string): string {
  return `${serviceName}-proxy`;
}

/** The headless Service by which a proxy finds the pods: the other one would send all of a proxy's sockets to one pod. */
export function podsName(serviceName: string): string {
  return `${serviceName}-pods`;
}
