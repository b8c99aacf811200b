/** A tier that keeps clients' sockets while a service's pods change: see {@link ConnectionProxy}. */
export type { ConnectionProxyArgs, ProxiedService } from "./args";
export { ConnectionProxy } from "./component";
