import * as pulumi from "@pulumi/pulumi";

/** The value of a Pulumi Output, and whether Pulumi treats it as a secret. */
export async function outputOf<Value>(
  output: pulumi.Output<Value> | undefined,
): Promise<{ value: Value; secret: boolean }> {
  if (output === undefined) throw new Error("there is no output");
  const value = await new Promise<Value>((resolve) => output.apply((known) => resolve(known)));
  return { value, secret: await pulumi.isSecret(output) };
}
