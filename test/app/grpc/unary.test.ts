import { EventEmitter } from "node:events";
import { Metadata, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { pino } from "pino";
import { DEFAULT_DEADLINE_MS, UnaryCalls } from "../../../app/server/grpc/unary";

afterEach(() => jest.useRealTimers());

/** The part of a call that handlers use. Over a socket, a fake clock would stop grpc-js as well. */
function fakeCall(deadline: number): ServerUnaryCall<string, string> {
  const metadata = new Metadata();
  metadata.set("authorization", "Bearer token");
  return Object.assign(new EventEmitter(), {
    request: "request",
    metadata,
    cancelled: false,
    getDeadline: () => deadline,
    getPath: () => "/test/Call",
  }) as unknown as ServerUnaryCall<string, string>;
}

describe("a call without a deadline", () => {
  const calls = new UnaryCalls("token", pino({ level: "silent" }));
  const start = (deadline: number) => {
    const seen: { signal?: AbortSignal } = {};
    const call = fakeCall(deadline);
    const answered = new Promise<unknown>((resolve) => {
      calls.handler<string, string>((_request, signal) => {
        seen.signal = signal;
        return new Promise(() => undefined);
      })(call, (error, response) => resolve(error ?? response));
    });
    return { call, seen, answered };
  };

  it("is ended after 30 s, and its work is informed", async () => {
    jest.useFakeTimers();
    const { seen, answered } = start(Infinity);
    await jest.advanceTimersByTimeAsync(DEFAULT_DEADLINE_MS - 1);
    expect(seen.signal?.aborted).toBe(false);

    await jest.advanceTimersByTimeAsync(1);
    expect(seen.signal?.aborted).toBe(true);
    await expect(answered).resolves.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    expect(jest.getTimerCount()).toBe(0);
  });

  it("is the only one that gets this deadline: a caller's own may be longer", () => {
    jest.useFakeTimers();
    start(Date.now() + 120_000);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("leaves no timer when its caller goes away", async () => {
    jest.useFakeTimers();
    const { call, answered } = start(Infinity);
    call.emit("cancelled");
    await expect(answered).resolves.toMatchObject({ code: status.CANCELLED });
    expect(jest.getTimerCount()).toBe(0);
  });

  it("leaves no timer when it ends in time", async () => {
    jest.useFakeTimers();
    const answer = await new Promise((resolve) => {
      calls.handler<string, string>((request) => Promise.resolve(request))(
        fakeCall(Infinity),
        (_e, response) => resolve(response),
      );
    });
    expect(answer).toBe("request");
    expect(jest.getTimerCount()).toBe(0);
  });
});
