import { MoveWindow } from "../../../app/server/move-window";

/** Moves as many clients as the window allows, each in the time that `tookMs` returns; returns the time after that. */
function round(window: MoveWindow, from: number, tookMs: (client: number) => number): number {
  const { size } = window;
  for (let i = 0; i < size; i += 1) window.moved(from, from + tookMs(i));
  return from + 10_000;
}

describe("the window of moving clients", () => {
  it("begins with 8 and doubles each round while moves stay fast, up to 256", () => {
    const window = new MoveWindow();
    const sizes = [window.size];
    for (let now = 0; sizes.length < 8; sizes.push(window.size)) now = round(window, now, () => 10);
    expect(sizes).toEqual([8, 16, 32, 64, 128, 256, 256, 256]);
  });

  it("is halved after a round that was slow, and grows by one a round from there", () => {
    const window = new MoveWindow();
    let now = 0;
    for (let i = 0; i < 3; i += 1) now = round(window, now, () => 10);
    now = round(window, now, () => 200);
    expect(window.size).toBe(32);
    now = round(window, now, () => 10);
    round(window, now, () => 10);
    expect(window.size).toBe(34);
  });

  it("is halved once for all clients that were asked before", () => {
    const window = new MoveWindow();
    const now = round(window, 0, () => 10);
    for (let i = 0; i < 16; i += 1) window.moved(now, now + 200);
    expect(window.size).toBe(8);
    for (let i = 0; i < 100; i += 1) window.moved(now + 1, now + 250);
    expect(window.size).toBe(8);
  });

  it("stays at 8, however slow they are", () => {
    const window = new MoveWindow();
    let now = round(window, 0, () => 10);
    for (let i = 0; i < 20; i += 1) now = round(window, now, () => 5_000);
    expect(window.size).toBe(8);
  });

  it("takes clients as they are: a distant one does not mean a slow pod, and a near one does not make it look slow", () => {
    const window = new MoveWindow();
    let now = 0;
    for (let i = 0; i < 5; i += 1) now = round(window, now, (client) => (client % 2 === 0 ? 20 : 300));
    expect(window.size).toBe(256);
  });
});
