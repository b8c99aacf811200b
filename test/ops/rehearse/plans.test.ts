import { planLoad, roomsOf, targetsOf } from "../../../ops/rehearse/plans";
import { live } from "./live";

describe("targetsOf", () => {
  const { services } = live();
  const urls = (options: Parameters<typeof targetsOf>[0]) =>
    targetsOf(options, services.slice(0, 1), live()).map(({ entry, url, host }) => [entry, url, host]);

  it("is the edge for clients outside, with the stack's host if the URL names another one", () => {
    expect(urls({ url: "wss://api.nova.social", inside: false })).toEqual([
      ["cookie", "wss://api.nova.social/messaging", undefined],
    ]);
    expect(urls({ url: "ws://10.0.0.1:8000/", inside: false })).toEqual([
      ["cookie", "ws://10.0.0.1:8000/messaging", "api.nova.social"],
    ]);
  });

  it("is the Services for clients inside, and also the edge if there is a URL", () => {
    const byService = ["clientIp", "ws://messaging-service.nova.svc:8080/messaging", undefined];
    expect(urls({ inside: true })).toEqual([byService]);
    expect(urls({ inside: true, url: "ws://traefik.traefik" })).toEqual([
      byService,
      ["cookie", "ws://traefik.traefik/messaging", "api.nova.social"],
    ]);
  });
});

describe("planLoad", () => {
  const targets = targetsOf({ inside: true }, live().services, live());
  const plans = planLoad("abc", { clients: 10, plain: 4, rooms: 6, rate: 30 }, targets, 3, {});

  it("divides clients, rooms and rate, and loses none", () => {
    expect(plans.holdfast.map(({ clients }) => clients)).toEqual([4, 3, 3]);
    expect(plans.holdfast.map(({ rate }) => rate)).toEqual([10, 10, 10]);
    // Six rooms in each of two services; the processes with three clients have no client for their fourth room.
    expect(roomsOf(plans.holdfast)).toBe(4 + 3 + 3);
  });

  it("gives every room the rehearsal's name, and shares none between two processes", () => {
    const prefixes = [...plans.holdfast, ...(plans.plain ? [plans.plain] : [])].map(
      (plan) => plan.roomPrefix,
    );
    expect(prefixes).toEqual([0, 1, 2, "plain"].map((part) => `rehearsal-abc-${part}-`));
  });
});
