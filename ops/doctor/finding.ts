/** How a finding is meant; the worst of all findings decides the exit code. */
export type Status = "ok" | "warn" | "fail" | "unknown";

/** What one check says of one subject. */
export interface Finding {
  readonly status: Status;
  /** What it is about, such as `Service messaging-service`. */
  readonly subject: string;
  /** What is the case, in one sentence. */
  readonly what: string;
  /** Where that can be seen: the field, the answer, the number. */
  readonly evidence: string;
  /** What becomes of users. Absent when all is well. */
  readonly why?: string;
  /** The command or the line of configuration that changes it. Absent when all is well. */
  readonly fix?: string;
}

type Trouble = Required<Omit<Finding, "status" | "subject">>;

export function ok(subject: string, what: string, evidence: string): Finding {
  return { status: "ok", subject, what, evidence };
}

/** Users may notice, or will once something else happens. */
export function warn(subject: string, trouble: Trouble): Finding {
  return { status: "warn", subject, ...trouble };
}

/** Users do notice, at the latest with the next rollout. */
export function fail(subject: string, trouble: Trouble): Finding {
  return { status: "fail", subject, ...trouble };
}

/** It could not be looked at: neither good nor bad, and never taken for good. */
export function unknown(
  subject: string,
  trouble: Omit<Trouble, "what"> & { readonly what: string },
): Finding {
  return { status: "unknown", subject, ...trouble };
}

/** From good to bad. What is not known is as bad as a warning to a script: nobody vouches for it. */
const ranks: Readonly<Record<Status, 0 | 1 | 2>> = { ok: 0, unknown: 1, warn: 1, fail: 2 };

/** The exit code for some findings: 0 all is well, 1 there is a warning or something could not be seen, 2 something is broken. */
export function exitCode(findings: readonly Finding[]): 0 | 1 | 2 {
  return findings.reduce<0 | 1 | 2>(
    (worst, { status }) => (ranks[status] > worst ? ranks[status] : worst),
    0,
  );
}
