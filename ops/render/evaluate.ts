import * as pulumi from "@pulumi/pulumi";
import { parseConfig, project } from "../../infra/config";
import { withSecretOutputs } from "../../infra/stack/load-config";
import { deploy } from "../../infra/stack/program";
import { isAwsResource, providerOutputs, reference, UnknownResourceError } from "./provider-outputs";
import type { Resource } from "./resource";
import type { SecretOf, StackConfig } from "./stack-config";

export interface Evaluation {
  /** The resources in the order of registration, without components. */
  readonly resources: readonly Resource[];
  /** The outputs of the stack. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface EvaluateOptions {
  /** Returns the values of generated passwords, by resource name. */
  readonly secretOf: SecretOf;
  /** False if `secretOf` returns placeholders, so that the form of secrets is not checked. */
  readonly secretsAreReal: boolean;
}

/** Pulumi has one runtime for the whole process, so evaluations run one after the other. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs the Pulumi program of a stack in this process: without CLI, engine or cluster. Resources get the outputs of the real
 * providers, as far as the program reads them. Throws ConfigError for a wrong configuration, and UnknownResourceError for a
 * resource that rendering does not know.
 */
export async function evaluate(
  stack: string,
  config: StackConfig,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const parsed = withSecretOutputs(
    parseConfig({
      stack,
      values: config.values,
      isSecret: (key) => config.secretKeys.includes(key),
      checkSecrets: options.secretsAreReal,
    }),
  );
  return evaluateProgram(stack, () => deploy(parsed), options.secretOf);
}

/** The same for any program, whose return value is the stack's outputs. */
export function evaluateProgram(
  stack: string,
  program: () => object,
  secretOf: SecretOf,
): Promise<Evaluation> {
  const result = turn.then(() => withoutSourceMaps(() => run(stack, program, secretOf)));
  turn = result.catch(() => undefined);
  return result;
}

/**
 * Pulumi reads the stack trace of each promise and each resource. With the source maps of tsx and jest, this took more than half
 * of an evaluation's time, and nobody uses the traces. A trace that is first read after the evaluation still has the lines of the
 * source.
 */
async function withoutSourceMaps<Result>(work: () => Promise<Result>): Promise<Result> {
  const before = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  Error.prepareStackTrace = (error, frames) =>
    [String(error), ...frames.slice(0, 10).map(String)].join("\n    at ");
  try {
    return await work();
  } finally {
    if (before === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
    else Object.defineProperty(Error, "prepareStackTrace", before);
  }
}

async function run(stack: string, program: () => object, secretOf: SecretOf): Promise<Evaluation> {
  const resources: Resource[] = [];
  const errors: unknown[] = [];
  const options = new Map<string, pulumi.CustomResourceOptions>();
  const mocks: pulumi.runtime.Mocks = {
    newResource: (args) => {
      if (isComponent(args.type)) return { id: undefined, state: {} };
      // An error is stored and thrown at the end: thrown here, it would be an unhandled rejection that ends the process.
      try {
        // A resource that the program only reads has another owner, and is unknown without a cluster.
        if (args.id !== undefined && args.id !== "") return { id: args.id, state: {} };
        const { resource, state } = answer(args, options.get(args.name) ?? {}, secretOf);
        resources.push(resource);
        return { id: isAwsResource(resource) ? reference(args.name, "id") : `${args.name}-id`, state };
      } catch (error) {
        errors.push(error);
        return { id: undefined, state: {} };
      }
    },
    call: ({ token }) => {
      errors.push(new UnknownResourceError(`the program calls ${token}, which rendering does not answer`));
      return {};
    },
  };
  await pulumi.runtime.setMocks(mocks, project, stack);
  const outputs = await pulumi.runtime.runInPulumiStack(() => {
    // Mocks do not get options, but a transformation does. It returns nothing, so it changes nothing.
    pulumi.runtime.registerStackTransformation(({ name, opts }) => {
      options.set(name, opts);
      return undefined;
    });
    try {
      return Promise.resolve(program());
    } catch (error) {
      errors.push(error);
      return Promise.resolve({});
    }
  });
  await pulumi.runtime.disconnect();
  if (errors.length > 0) throw errors[0];
  return { resources, outputs: await plain(outputs ?? {}) };
}

/** Components have no provider: they are only parents of their children. */
function isComponent(type: string): boolean {
  return type === "pulumi:pulumi:Stack" || type.startsWith(`${project}:index:`);
}

function answer(
  args: pulumi.runtime.MockResourceArgs,
  {
    protect = false,
    replaceOnChanges = [],
    ignoreChanges = [],
    customTimeouts = {},
  }: pulumi.CustomResourceOptions,
  secretOf: SecretOf,
): { resource: Resource; state: Record<string, unknown> } {
  const inputs = args.inputs as Record<string, unknown>;
  const described = {
    type: args.type,
    name: args.name,
    inputs: unwrap(inputs) as Record<string, unknown>,
    secretInputs: Object.keys(inputs).filter((key) => pulumi.runtime.isRpcSecret(inputs[key])),
    protect,
    replaceOnChanges,
    ignoreChanges,
    customTimeouts,
  };
  const outputs = providerOutputs({ ...described, outputs: {} }, secretOf);
  // Secret inputs become secret outputs, as with an engine.
  const state = { ...outputs };
  for (const key of described.secretInputs) state[key] = pulumi.secret(outputs[key]);
  return { resource: { ...described, outputs }, state };
}

/** Pulumi marks an object as secret if anything in it is secret, at every level. */
function unwrap(value: unknown): unknown {
  if (pulumi.runtime.isRpcSecret(value)) return unwrap(pulumi.runtime.unwrapRpcSecret(value));
  if (Array.isArray(value)) return value.map(unwrap);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unwrap(item)]));
}

function plain(outputs: Record<string, unknown>): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    pulumi.output(outputs).apply((values) => resolve(values as Record<string, unknown>));
  });
}
