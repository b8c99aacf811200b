import { isIPv6 } from "node:net";

/** Formats an address as in a URL: an IPv6 address in brackets. */
export function hostAndPort(address: string, port: number | string): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
