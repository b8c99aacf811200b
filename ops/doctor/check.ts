import { unknown, type Finding } from "./finding";
import type { Snapshot, Source } from "./snapshot";

/** One question about a stack, and how a snapshot answers it. */
export interface Check {
  /** What reports, documentation and `--only` call it. */
  readonly name: string;
  /** The question, in a few words. */
  readonly title: string;
  /** What must have been seen; where it was not, the answer is unknown. */
  readonly needs: readonly Source[];
  /** A finding for each subject; none where the question does not arise. */
  readonly judge: (snapshot: Snapshot) => readonly Finding[];
}

/** A check with its findings; without any, it does not apply to the stack. */
export interface Answer {
  readonly check: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

/** Puts a snapshot through a check. */
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
