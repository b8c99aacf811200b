import { unknown, type Finding } from "./finding";
import type { Snapshot, Source } from "./snapshot";

/** One question about a stack, with the function that answers it from a snapshot. */
export interface Check {
  /** Its name in reports, documentation and `--only`. */
  readonly name: string;
  /** The question, in a few words. */
  readonly title: string;
  /** The sources that the check needs; if one could not be read, the answer is unknown. */
  readonly needs: readonly Source[];
  /** Returns a finding for each subject; empty if the check does not apply. */
  readonly judge: (snapshot: Snapshot) => readonly Finding[];
}

/** A check with its findings; without findings, it does not apply to the stack. */
export interface Answer {
  readonly check: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

/** Runs a check on a snapshot. */
export function answer({ name, title, needs, judge }: Check, snapshot: Snapshot): Answer {
  const unavailable = needs.flatMap((source) => {
    const reason = snapshot.unavailable[source];
    return reason === undefined ? [] : [{ source, reason }];
  });
  const findings =
    unavailable.length === 0
      ? judge(snapshot)
      : unavailable.map(({ source, reason }) =>
          unknown(source, {
            what: `${source} could not be looked at`,
            evidence: reason,
            why: "the doctor cannot check this pod",
            fix: "let doctor see it, as the reason says; docs/troubleshooting.md lists the rights that it needs",
          }),
        );
  return { check: name, title, findings };
}
