import { ServerInterceptingCall, status, type ServerInterceptor } from "@grpc/grpc-js";

/** The longest time from a call's headers to the end of its request, which is one message. Milliseconds. */
const requestMs = 10_000;

/**
 * Ends calls whose request does not arrive. Handlers begin only with a whole request, so such a call would have no deadline of
 * this server, and its stream would never end.
 */
export function requestDeadline(ms = requestMs): ServerInterceptor {
  return (_method, call) => {
    let timer: NodeJS.Timeout | undefined;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            timer = setTimeout(() => {
              const details = `the request did not come within ${ms} ms`;
              call.sendStatus({ code: status.DEADLINE_EXCEEDED, details });
            }, ms).unref();
            pass(metadata);
          },
          onReceiveHalfClose: (pass) => {
            clearTimeout(timer);
            pass();
          },
          onCancel: () => clearTimeout(timer),
        }),
    });
  };
}
