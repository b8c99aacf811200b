import * as pulumi from "@pulumi/pulumi";

/** Checks and computes with inputs: with plain values at once, with Outputs once their values are known. */

type Plain<Inputs extends readonly unknown[]> = {
  [Index in keyof Inputs]: pulumi.Unwrap<Inputs[Index]>;
};

/** Applies a function to inputs: at once if all are plain, so that the constructor throws its errors. */
export function lift<const Inputs extends readonly unknown[], Result>(
  inputs: Inputs,
  compute: (...values: Plain<Inputs>) => Result,
): pulumi.Input<Result> {
  if (inputs.some((input) => pulumi.Output.isInstance(input) || input instanceof Promise)) {
    return pulumi
      .all(inputs as unknown as unknown[])
      .apply((values) => compute(...(values as unknown as Plain<Inputs>)));
  }
  return compute(...(inputs as unknown as Plain<Inputs>));
}

/** An argument of a component is wrong. The message holds the property, its value, and the change to make. */
export class ArgumentError extends pulumi.RunError {
  readonly code = "HOLDFAST_ARGUMENT";

  constructor(message: string) {
    super(message);
    // Pulumi hides the stack of a RunError from a constructor, but prints that of one inside an Output.
    this.stack = message;
  }
}

/**
 * Checks the input: throws {@link ArgumentError} at once for a plain value, and fails an Output.
 *
 * @param where the component and the property, such as `WebSocketService chat: port`
 * @param problem returns what is wrong with a value and the change to make; undefined if nothing is wrong
 */
export function checked<Value>(
  where: string,
  input: pulumi.Input<Value>,
  problem: (value: pulumi.Unwrap<Value>) => string | undefined,
): pulumi.Input<Value> {
  return lift([input], (value) => {
    const found = problem(value as pulumi.Unwrap<Value>);
    if (found !== undefined) throw new ArgumentError(`${where} ${found}`);
    return value as Value;
  });
}
