/** The names of the objects that a proxy adds to its service's namespace. */

/** The workload that keeps the clients of a service. */
export function proxyName(serviceName: string): string {
  return `${serviceName}-proxy`;
}

/**
 * The headless Service by which a proxy finds the pods: with the ClientIP affinity of the other Service, all sockets of a proxy
 * would go to one pod.
 */
export function podsName(serviceName: string): string {
  return `${serviceName}-pods`;
}
