import * as pulumi from "@pulumi/pulumi";

/** Plain values are checked and computed at once, Outputs inside themselves: what both have in common. */

type Plain<Inputs extends readonly unknown[]> = {
  [Index in keyof Inputs]: pulumi.Unwrap<Inputs[Index]>;
};

/** Applies a function to inputs: at once if all are plain, so that its errors come from the constructor. */
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

/** An argument of a component is wrong: the property, what it is, and what to change. */
export class ArgumentError extends pulumi.RunError {
  readonly code = "HOLDFAST_ARGUMENT";

  constructor(message: string) {
    super(message);
    // Pulumi hides the stack of a RunError that a constructor throws, and prints that of one inside an Output.
    this.stack = message;
  }
}

/**
 * The input, checked: throws {@link ArgumentError} at once for a plain value, and fails the Output otherwise.
 *
 * @param where the component and the property, such as `WebSocketService chat: port`
 * @param problem what is wrong with a value and what to change; undefined if nothing is
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
