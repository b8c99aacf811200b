import type { Socket } from "node:net";

/**
 * Connects two sockets: bytes and half-closes pass in both directions. If one side breaks, the other one is reset, so that
 * neither side mistakes a broken connection for a normal end.
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
