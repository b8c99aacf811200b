import { MoveWindow } from "../../../app/server/move-window";

/** Moves so many clients one after the other, each in `tookMs`; the time after that. */
function move(window: MoveWindow, clients: number, tookMs: number, from: number): number {
  for (let i = 0; i < clients; i += 1) window.moved(from + i, from + i + tookMs);
  return from + clients + tookMs;
}

describe("the window of clients on the move", () => {
  it("begins with 8 and doubles in the time of a move while moves stay fast", () => {
    const window = new MoveWindow();
    expect(window.size).toBe(8);
    const then = move(window, 8, 10, 0);
    expect(window.size).toBe(16);
    move(window, 16, 10, then);
    expect(window.size).toBe(32);
  });

  it("never passes 256", () => {
    const window = new MoveWindow();
    move(window, 5_000, 10, 0);
    expect(window.size).toBe(256);
  });

  it("is halved once for all that were asked before, when moves get slow, and grows by one a window from there", () => {
    const window = new MoveWindow();
    const then = move(window, 56, 10, 0);
    expect(window.size).toBe(64);
    // All asked at the same time, answered late.
    for (let i = 0; i < 64; i += 1) window.moved(then, then + 200 + i);
    expect(window.size).toBe(32);
    move(window, 33, 10, then + 1_000);
    expect(window.size).toBe(33);
  });

  it("stays at 8, however slow they are", () => {
    const window = new MoveWindow();
    let now = move(window, 1, 10, 0);
    for (let i = 0; i < 20; i += 1) now = move(window, 1, 5_000, now);
    expect(window.size).toBe(8);
  });

  it("takes slow clients as they are: a network of 300 ms is not a slow pod", () => {
    const window = new MoveWindow();
    move(window, 100, 300, 0);
    expect(window.size).toBe(108);
  });
});
