/** A Service by its name in the cluster. */
export interface ServiceName {
  readonly name: string;
  readonly namespace: string;
  /** The port on which its pods listen. */
  readonly port: number;
}

/** The Service in `name.namespace.svc:port`; undefined for any other upstream. */
export function serviceNameOf(upstream: string): ServiceName | undefined {
  const [, name, namespace, port] =
    /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?:(\d+)$/.exec(upstream) ?? [];
  return name === undefined || namespace === undefined ? undefined : { name, namespace, port: Number(port) };
}
