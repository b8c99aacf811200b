import type { Resource } from "./resource";
import type { System } from "./system";
import { whileKnown } from "./unknown";

/** The severity of a violation: users lose connections or data, are at risk of it, notice it, or hardly notice it. */
export type Severity = "critical" | "high" | "medium" | "low";

/** The texts and properties of a rule. */
export interface RuleMetadata {
  /** Unique, in kebab case; the name in the pack's configuration. */
  readonly name: string;
  /** What must hold, in one sentence. */
  readonly summary: string;
  /** What happens if it does not hold. */
  readonly why: string;
  readonly severity: Severity;
  /** How to fix a violation, in general; a finding may have a more specific fix. */
  readonly fix: string;
  /**
   * What the rule needs to see. `resource`: it runs before each resource is created. `stack`: it runs when the whole preview or
   * update is known.
   */
  readonly scope: "resource" | "stack";
  /** Whether the result depends on the stack's environment. */
  readonly byEnvironment?: true;
}

/** A violation, as a rule finds it. */
export interface Finding {
  /** The actual state, as a clause: `terminationGracePeriodSeconds is 30`. Never the value of a secret. */
  readonly actual: string;
  /** The change to make. Defaults to the rule's. */
  readonly fix?: string;
}

/** A violation with everything that a person needs. */
export interface Violation extends Required<Finding> {
  readonly rule: RuleMetadata;
  readonly resource: Resource;
}

/** A rule as a pure function of plain values. */
export interface Rule extends RuleMetadata {
  readonly violations: (system: System) => Iterable<Violation>;
}

/**
 * @typeParam Subject what the rule checks one by one, such as a container; an unknown value ends the check of only one subject
 */
interface RuleDefinition<Subject> extends RuleMetadata {
  /** The subjects of the rule in a resource; empty if the rule does not apply to it. */
  readonly subjects: (resource: Resource, system: System) => Iterable<Subject>;
  readonly check: (subject: Subject, system: System) => Iterable<Finding>;
}

/** Creates a rule. If it reads a value that a preview does not know, it reports nothing more for that subject. */
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

/** Every violation, in the order of rules and then of resources. */
export function judge(rules: readonly Rule[], system: System): Violation[] {
  return rules.flatMap((one) => [...one.violations(system)]);
}

/** Whether a violation stops an update; less severe ones are only reported. */
export function isMandatory({ severity }: Pick<RuleMetadata, "severity">): boolean {
  return severity === "critical" || severity === "high";
}

/** The message of a violation: the object, the actual state, the fix, and the reason. */
export function message({ resource, actual, fix, rule: { why } }: Violation): string {
  return `${resource.title}: ${actual}; ${fix}. ${why}`;
}
