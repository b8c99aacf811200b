/** The status of a finding; the worst of all findings decides the exit code. */
export type Status = "ok" | "warn" | "fail" | "unknown";

/** The answer of one check for one subject. */
export interface Finding {
  readonly status: Status;
  /** The object, such as `Service messaging-service`. */
  readonly subject: string;
  /** The actual state, in one sentence. */
  readonly what: string;
  /** The source: the field, the answer, the number. */
  readonly evidence: string;
  /** The effect on users. Absent if the status is ok. */
  readonly why?: string;
  /** The command or the line of configuration that fixes it. Absent if the status is ok. */
  readonly fix?: string;
}

type Problem = Required<Omit<Finding, "status" | "subject">>;

export function ok(subject: string, what: string, evidence: string): Finding {
  return { status: "ok", subject, what, evidence };
}

/** Users may notice, or will if something else happens. */
export function warn(subject: string, problem: Problem): Finding {
  return { status: "warn", subject, ...problem };
}

/** Users notice, at the latest with the next rollout. */
export function fail(subject: string, problem: Problem): Finding {
  return { status: "fail", subject, ...problem };
}

/** It could not be checked: neither good nor bad, and never reported as ok. */
export function unknown(
  subject: string,
  problem: Omit<Problem, "what"> & { readonly what: string },
): Finding {
  return { status: "unknown", subject, ...problem };
}

/** From good to bad. To a script, unknown is as bad as a warning. */
const ranks: Readonly<Record<Status, 0 | 1 | 2>> = { ok: 0, unknown: 1, warn: 1, fail: 2 };

/**
 * The exit code for these findings: 0 if all is well, 1 if there is a warning or something could not be checked, 2 if something
 * is broken.
 */
export function exitCode(findings: readonly Finding[]): 0 | 1 | 2 {
  return findings.reduce<0 | 1 | 2>(
    (worst, { status }) => (ranks[status] > worst ? ranks[status] : worst),
    0,
  );
}
