import type { Resource } from "./resource";
import type { System } from "./system";
import { whileKnown } from "./unknown";

/** How bad a breach is: users lose connections or data, are at risk of it, notice it, or hardly notice it. */
export type Severity = "critical" | "high" | "medium" | "low";

/** What people read about a rule. */
export interface RuleMetadata {
  /** Unique, in kebab case; how the pack's configuration names it. */
  readonly name: string;
  /** What must hold, in one sentence. */
  readonly summary: string;
  /** What happens otherwise. */
  readonly why: string;
  readonly severity: Severity;
  /** What to do about a breach, in general; a finding may say it of its object. */
  readonly fix: string;
  /**
   * How much the rule must see: with `resource`, the engine asks before each resource is made; with `stack`, when all
   * of the preview or update is known.
   */
  readonly scope: "resource" | "stack";
  /** Whether the verdict depends on what the stack is for. */
  readonly byEnvironment?: true;
}

/** A breach as a rule finds it. */
export interface Finding {
  /** What holds now, as a clause: `terminationGracePeriodSeconds is 30`. Never the value of a secret. */
  readonly actual: string;
  /** What to change; unless given, the rule's. */
  readonly fix?: string;
}

/** A breach with all that a person needs. */
export interface Violation extends Required<Finding> {
  readonly rule: RuleMetadata;
  readonly resource: Resource;
}

/** What must hold, as a pure function of plain values. */
export interface Rule extends RuleMetadata {
  readonly violations: (system: System) => Iterable<Violation>;
}

/** @typeParam Subject What the rule judges one by one, such as a container; what it learns of one ends at its unknowns. */
interface RuleDefinition<Subject> extends RuleMetadata {
  /** What the rule judges in a resource; nothing if it does not concern it. */
  readonly subjects: (resource: Resource, system: System) => Iterable<Subject>;
  readonly check: (subject: Subject, system: System) => Iterable<Finding>;
}

/** A rule that says nothing of a subject from where it would have to know what a preview does not. */
export function rule<Subject>({ subjects, check, ...about }: RuleDefinition<Subject>): Rule {
  return {
    ...about,
    *violations(system) {
      for (const resource of system.resources) {
        for (const subject of whileKnown(() => subjects(resource, system))) {
          for (const { actual, fix = about.fix } of whileKnown(() => check(subject, system))) {
            yield { rule: about, resource, actual, fix };
          }
        }
      }
    },
  };
}

/** Every breach of the rules, by the order of rules and then of resources. */
export function judge(rules: readonly Rule[], system: System): Violation[] {
  return rules.flatMap((one) => [...one.violations(system)]);
}

/** Whether a breach stops an update; lesser ones are told. */
export function isMandatory({ severity }: Pick<RuleMetadata, "severity">): boolean {
  return severity === "critical" || severity === "high";
}

/** What people read of a breach: the object, what was found, what to do, and why. */
export function message({ resource, actual, fix, rule: { why } }: Violation): string {
  return `${resource.title}: ${actual}; ${fix}. ${why}`;
}
