import { parseOptions, UsageError } from "../../../ops/rehearse/options";
import { chosenServices, expectPossible, expectSafe, servesUsers } from "../../../ops/rehearse/safety";
import { live } from "./live";

const options = (stack: string, ...args: string[]) => {
  const parsed = parseOptions(["--stack", stack, ...args]);
  if (parsed === undefined) throw new Error("only help was asked for");
  return parsed;
};

describe("servesUsers", () => {
  it.each(["prod", "production", "prod-eu", "live", "eu-1", "main", "stagingprod", "not-staging"])(
    "treats %s as a stack with users",
    (stack) => expect(servesUsers(stack)).toBe(true),
  );
  it.each(["local", "staging", "staging-eu", "dev", "test", "preview-17"])("treats %s as harmless", (stack) =>
    expect(servesUsers(stack)).toBe(false),
  );
});

describe("expectSafe", () => {
  it.each([
    ["prod without --yes", options("prod", "--inside"), "Add --yes"],
    ["a URL of another protocol", options("staging", "--url", "https://x"), "--url must be ws:// or wss://"],
    ["a URL with a path", options("staging", "--url", "wss://x/messaging"), "no path"],
    [
      "an image for clients that are no pods",
      options("staging", "--url", "wss://x", "--image", "y"),
      "--inside",
    ],
    [
      "more deliveries than a rehearsal may cause",
      options("staging", "--inside", "--clients", "1000", "--rate", "200", "--rooms", "10"),
      "200 messages/s to 50 clients a room are 10000 deliveries/s, at most 5000",
    ],
  ])("refuses %s", (_title, asked, words) => {
    expect(() => expectSafe(asked, 2)).toThrow(UsageError);
    expect(() => expectSafe(asked, 2)).toThrow(words);
  });

  it("never repeats a query, which may hold a token", () => {
    const asked = options("staging", "--url", "wss://x/?token=sesame");
    expect(() => expectSafe(asked, 2)).toThrow("found wss://x/");
    expect(() => expectSafe(asked, 2)).not.toThrow("sesame");
  });

  it.each([
    ["prod with --yes", options("prod", "--inside", "--yes")],
    ["the edge of staging", options("staging", "--url", "wss://api.nova.social")],
    ["undoing on prod", options("prod", "--clean")],
  ])("allows %s", (_title, asked) => {
    expect(() => expectSafe(asked, 2)).not.toThrow();
  });
});

describe("expectPossible", () => {
  it("refuses to scale against an autoscaler, but not beside one", () => {
    const stack = live({ autoscaled: ["streaming-service"] });
    const scale = options("staging", "--scale", "5");
    expect(() => expectPossible(scale, stack, stack.services)).toThrow(
      "an autoscaler sets the replicas of streaming-service",
    );
    expect(() => expectPossible(scale, stack, stack.services.slice(0, 1))).not.toThrow();
  });

  it("refuses to restart a Redis that is elsewhere", () => {
    const stack = live({ stores: [] });
    expect(() => expectPossible(options("staging", "--redis-restart"), stack, stack.services)).toThrow(
      "the session store is not in the stack's namespace",
    );
  });
});

describe("chosenServices", () => {
  it("is all of them, or the named ones", () => {
    const { services } = live();
    expect(chosenServices({ service: [] }, services)).toEqual(services);
    expect(chosenServices({ service: ["streaming-service"] }, services)).toEqual(services.slice(1));
    expect(() => chosenServices({ service: ["x"] }, services)).toThrow(
      "there is no x; the stack has messaging-service, streaming-service",
    );
  });
});
