import type {
  PolicyResource,
  ResourceValidationPolicy,
  ResourceValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import { objectTitle, type Resource } from "./resource";
import { isMandatory, message, type Rule } from "./rule";
import { defaultStackNames, environmentOf, systemOf, type Environment } from "./system";
import { copyKnown } from "./unknown";

/** The configuration of a policy whose result depends on the stack's environment. */
interface PolicyConfig {
  readonly localStacks?: readonly string[];
  readonly productionStacks?: readonly string[];
}

/**
 * A rule as a policy for the engine. It runs before each resource is created, or once the whole stack is known. The severity
 * decides whether a violation stops an update; `--policy-pack-config` can change that for each rule.
 */
export function policyOf(rule: Rule): ResourceValidationPolicy | StackValidationPolicy {
  const about = {
    name: rule.name,
    description: rule.summary,
    severity: rule.severity,
    remediationSteps: rule.fix,
    enforcementLevel: isMandatory(rule) ? ("mandatory" as const) : ("advisory" as const),
    ...(rule.byEnvironment === true ? { configSchema } : {}),
  };
  switch (rule.scope) {
    case "resource":
      return {
        ...about,
        validateResource: (args, report) => {
          const system = systemOf([resourceOf(args)], environment(args.urn, args.getConfig<PolicyConfig>()));
          for (const violation of rule.violations(system)) report(message(violation));
        },
      };
    case "stack":
      return {
        ...about,
        validateStack: (args, report) => {
          const urns = new Map<Resource, string>();
          for (const one of args.resources) urns.set(resourceOf(one), one.urn);
          const [urn = ""] = urns.values();
          const system = systemOf([...urns.keys()], environment(urn, args.getConfig<PolicyConfig>()));
          for (const violation of rule.violations(system)) {
            report(message(violation), urns.get(violation.resource));
          }
        },
      };
  }
}

const names = { type: "array", items: { type: "string" } } as const;

const configSchema = {
  properties: {
    localStacks: { ...names, default: [...defaultStackNames.local] },
    productionStacks: { ...names, default: [...defaultStackNames.production] },
  },
};

function environment(
  urn: string,
  { localStacks = defaultStackNames.local, productionStacks = defaultStackNames.production }: PolicyConfig,
): { environment: Environment } {
  return { environment: environmentOf(stackOf(urn), { local: localStacks, production: productionStacks }) };
}

/** `urn:pulumi:<stack>::<project>::<types>::<name>` */
function stackOf(urn: string): string {
  return /^urn:pulumi:(.*?)::/.exec(urn)?.[1] ?? "";
}

function resourceOf({ type, name, props, opts }: ResourceValidationArgs | PolicyResource): Resource {
  const properties = copyKnown(props as Record<string, unknown>);
  return {
    type,
    title: objectTitle(properties) ?? `${type.slice(type.lastIndexOf(":") + 1)} ${name}`,
    properties,
    protect: opts.protect,
    ignoreChanges: opts.ignoreChanges,
  };
}
