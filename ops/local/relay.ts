import type { Socket } from "node:net";

/**
 * Joins two sockets: bytes and half-closes pass both ways, and when one side breaks the other is reset, so
 * that neither takes a broken connection for an orderly end.
 */
export function relay(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.pipe(to);
    from.once("error", () => to.resetAndDestroy());
    from.once("close", () => to.destroySoon());
  }
}
