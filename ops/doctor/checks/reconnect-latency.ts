import { percentile } from "../../load/percentile";
import type { Check } from "../check";
import { fail, ok, unknown, warn, type Finding } from "../finding";
import type { Reconnects } from "../snapshot";
import { subjects } from "../subjects";

/** People notice a delay from about here on. Milliseconds. */
const noticedMs = 1_000;
/** Such a delay means that something waits for a timeout. Milliseconds. */
const brokenMs = 10_000;

export const reconnectLatency: Check = {
  name: "reconnect-latency",
  title: "A client that is cut off is soon served again",
  needs: ["reconnects"],
  judge: (snapshot) =>
    subjects(snapshot).flatMap(({ name }) => {
      const seen = snapshot.observed.reconnects[name];
      if (seen === undefined) return [];
      if (seen.failed !== undefined) return [failedReconnect(name, seen.via, seen.failed)];
      const sorted = [...seen.ms].sort((a, b) => a - b);
      const longest = sorted.at(-1) ?? 0;
      const evidence = `${sorted.length} cuts, ${seen.resumed} sessions resumed, ${seen.via}; median ${Math.round(percentile(sorted, 0.5) ?? 0)} ms, longest ${Math.round(longest)} ms`;
      const slow = {
        evidence,
        why: "in every rollout, users wait as long",
        fix: "see docs/troubleshooting.md, Reconnects take ten seconds or more",
      };
      if (seen.resumed < sorted.length) {
        return [fail(name, { ...slow, what: "a client that came back did not get its session back" })];
      }
      if (longest >= brokenMs) return [fail(name, { ...slow, what: "reconnecting takes 10 s or more" })];
      if (longest >= noticedMs)
        return [warn(name, { ...slow, what: "reconnecting takes longer than a second" })];
      return [ok(name, "clients are back at once", evidence)];
    }),
};

/** A client that never connected was not cut off; edge-upgrade reports why. One that did not come back is a failure. */
function failedReconnect(
  service: string,
  via: string,
  { wasServed, reason }: NonNullable<Reconnects["failed"]>,
): Finding {
  const evidence = `${via}: ${reason}`;
  if (!wasServed) {
    return unknown(service, {
      what: "none of the doctor's clients was served, so none could be cut off",
      evidence,
      why: "the doctor cannot measure how long a rollout interrupts clients",
      fix: "see edge-upgrade and websocket-upgrade, then run the doctor again",
    });
  }
  return fail(service, {
    what: "a client that was cut off was not served again",
    evidence,
    why: "in every rollout, users wait as long",
    fix: "see docs/troubleshooting.md, Reconnects take ten seconds or more",
  });
}
