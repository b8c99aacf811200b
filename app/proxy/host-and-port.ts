import { isIPv6 } from "node:net";

/** As a URL has them: an IPv6 address in brackets. */
export function hostAndPort(address: string, port: number | string): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
