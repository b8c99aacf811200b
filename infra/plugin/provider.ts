import * as pulumi from "@pulumi/pulumi";
import { version } from "../package.json";
import { ArgumentError } from "../components/input";
import { components } from "./components";
import { packageSchema } from "./schema";

/** Creates the components for programs in Pulumi's other languages. */
export class ComponentProvider implements pulumi.provider.Provider {
  readonly version = version;

  getSchema(): Promise<string> {
    return Promise.resolve(JSON.stringify(packageSchema()));
  }

  async construct(
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    opts: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> {
    const component = type.split(":")[2] ?? "";
    const exported = components[component];
    if (exported === undefined) throw new Error(`Holdfast has no component ${type}`);
    const entries = Object.entries(inputs as Record<string, unknown>).map(async ([key, value]) => {
      if (exported.fromResources.includes(key)) return [key, value] as const;
      if (key === "sessionStore") return [key, storeOf(value as pulumi.Input<Store>)] as const;
      return [key, await plain(`${component} ${name}: ${key}`, value)] as const;
    });
    const args = Object.fromEntries(await Promise.all(entries));
    const resource = exported.create(name, args as never, opts);
    const outputs = resource as unknown as Record<string, unknown>;
    return {
      urn: resource.urn,
      state: Object.fromEntries(exported.outputs.map((key) => [key, outputs[key]])),
    };
  }
}

type Store = NonNullable<
  ConstructorParameters<typeof import("../index").WebSocketService>[1]["sessionStore"]
>;

/** Pulumi generates the name of a store's Secret, so it may be unknown: it decides nothing about what is created. */
function storeOf(store: pulumi.Input<Store>): object {
  const output = pulumi.output(store);
  return {
    url: { name: output.apply(({ url }) => url.name), key: "url" },
    egress: output.apply(({ egress }) => egress),
  };
}

/** A value that decides what is created: a preview must know it. */
async function plain(where: string, value: unknown): Promise<unknown> {
  const output = pulumi.output(value) as pulumi.Output<unknown> & {
    readonly isKnown: Promise<boolean>;
    readonly isSecret: Promise<boolean>;
    promise(): Promise<unknown>;
  };
  if (await output.isSecret) {
    throw new ArgumentError(
      `${where} is secret. Put it into a Secret and name that: { secret: { name, key } }.`,
    );
  }
  if (!(await output.isKnown)) {
    throw new ArgumentError(
      `${where} is not known before the update. Set it to a value that no new resource gives.`,
    );
  }
  return output.promise();
}
