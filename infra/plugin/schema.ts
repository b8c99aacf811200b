import { z } from "zod";
import { version } from "../package.json";
import { components, type Exported } from "./components";

/**
 * The schema of the package, from which Pulumi generates SDKs:
 * https://www.pulumi.com/docs/iac/packages-and-automation/pulumi-packages/schema/
 */

type Spec = Readonly<Record<string, unknown>>;

const anything: Spec = { $ref: "pulumi.json#/Any" };

/** The types of outputs that are not text: numbers, and objects that other components take. */
const outputTypes: Readonly<Record<string, Spec>> = {
  gracePeriodSeconds: { type: "number" },
  backend: anything,
  egress: anything,
  urls: { type: "object", additionalProperties: { type: "string" } },
};

/** Generated from the schemas that check the arguments, so that the two agree. Pure. */
export function packageSchema(): object {
  const resources = Object.entries(components).map(([name, exported]) => [
    `holdfast:index:${name}`,
    resourceSpec(exported, name.endsWith("Store")),
  ]);
  return {
    name: "holdfast",
    version,
    description:
      "WebSocket services on Kubernetes with sticky sessions, and rollouts that no client notices.",
    license: "Apache-2.0",
    resources: Object.fromEntries(resources) as object,
    language: Object.fromEntries(
      ["nodejs", "python", "go", "csharp", "java"].map((name) => [name, { respectSchemaVersion: true }]),
    ),
  };
}

/** The text of `schema.json`. */
export function schemaText(): string {
  return `${JSON.stringify(packageSchema(), null, 2)}\n`;
}

function resourceSpec({ description, inputs, outputs }: Exported, isStore: boolean): Spec {
  const required = Object.entries(inputs).filter(([, type]) => !z.safeParse(type, undefined).success);
  const output = (key: string) =>
    isStore && key === "url" ? anything : (outputTypes[key] ?? { type: "string" });
  return {
    isComponent: true,
    description,
    inputProperties: Object.fromEntries(
      Object.entries(inputs).map(([key, type]) => [key, propertySpec(type)]),
    ),
    requiredInputs: required.map(([key]) => key).sort(),
    properties: Object.fromEntries(outputs.map((key) => [key, output(key)])),
    required: [...outputs].sort(),
  };
}

function propertySpec(type: z.core.$ZodType): Spec {
  return fromJson(z.toJSONSchema(type, { io: "input", unrepresentable: "any" }) as JsonSchema);
}

interface JsonSchema {
  /** A list if several types are allowed. */
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly properties?: object;
}

/** Objects and alternatives become `any`: their contents are checked when the component is created. */
function fromJson(schema: JsonSchema): Spec {
  const notes = [
    ...(schema.enum === undefined ? [] : [`One of ${schema.enum.join(", ")}.`]),
    ...(schema.default === undefined ? [] : [`Default ${JSON.stringify(schema.default)}.`]),
  ];
  return { ...typeSpec(schema), ...(notes.length === 0 ? {} : { description: notes.join(" ") }) };
}

function typeSpec({ type, items, additionalProperties, properties }: JsonSchema): Spec {
  if (type === "array") return { type, items: items === undefined ? anything : typeSpec(items) };
  if (type === "object" && properties === undefined && typeof additionalProperties === "object") {
    return { type, additionalProperties: typeSpec(additionalProperties) };
  }
  return typeof type !== "string" || type === "object" ? anything : { type };
}
