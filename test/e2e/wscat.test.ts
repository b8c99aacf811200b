import type { Target } from "../../ops/load/target";
import { Browser } from "./browser";
import { staging, targets, type DeployedService, type DeployedStack } from "./stack";
import { until } from "./until";
import { Wscat } from "./wscat";

let stack: DeployedStack;
let service: DeployedService;
let byEdge: Target;

beforeAll(async () => {
  stack = await staging();
  [service] = stack.services as [DeployedService, ...DeployedService[]];
  [, byEdge] = targets(stack, service);
}, 300_000);

/** Cookies that lead to two different pods. */
async function cookiesOfTwoPods(): Promise<readonly [string, string]> {
  const byPod = new Map<string, string>();
  await until("two pods have answered", 10_000, async () => {
    const browser = new Browser();
    byPod.set(
      await browser.visit(byEdge),
      await browser.cookies.getCookieString(`https://${stack.host}${service.path}`),
    );
    return byPod.size > 1 ? true : undefined;
  });
  return [...byPod.values()] as [string, string];
}

it("carries a chat between two people with wscat on two pods", async () => {
  const [one, two] = await cookiesOfTwoPods();
  const room = `wscat-${process.pid}`;
  const anna = new Wscat(byEdge, room, one);
  const bert = new Wscat(byEdge, room, two);
  try {
    await says(anna, "hello, Bert", bert);
    await says(bert, "hello, Anna", anna);
  } finally {
    await Promise.all([anna.leave(), bert.leave()]);
  }
});

/** wscat drops what is typed before it is connected, and does not show when it is, so this types again. */
async function says(speaker: Wscat, text: string, listener: Wscat): Promise<void> {
  const line = await until(`"${text}" is heard`, 20_000, () => {
    const heard = listener.lines.find((printed) => printed.includes(text));
    if (heard === undefined) speaker.type(text);
    return heard;
  });
  expect(JSON.parse(line)).toMatchObject({
    type: "message",
    data: text,
    offset: expect.any(Number) as number,
  });
}
