/**
 * What a preview cannot know yet. An unknown property throws when it is read, so a rule needs no word about it:
 * whoever runs the rule catches the error, and the rule says nothing of that object rather than something wrong.
 */

/** A rule read a property whose value is known only after an update. */
class UnknownValueError extends Error {
  readonly code = "HOLDFAST_UNKNOWN_VALUE";

  constructor(property: string) {
    super(`${property} is not known yet`);
    this.name = "UnknownValueError";
  }
}

/**
 * A plain copy in which each property that cannot be read throws {@link UnknownValueError}. The engine's policy SDK
 * hands out objects that throw in a way of their own, and this keeps it out of the rules.
 */
export function copyKnown<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  const copy = (Array.isArray(value) ? [] : {}) as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    try {
      copy[key] = copyKnown((value as Record<string, unknown>)[key]);
    } catch {
      defineUnknown(copy, key);
    }
  }
  return copy as Value;
}

/** Makes a property unknown, as in a preview. */
export function defineUnknown(target: object, property: string): void {
  Object.defineProperty(target, property, {
    enumerable: true,
    configurable: true,
    get: () => {
      throw new UnknownValueError(property);
    },
  });
}

/** The items of a sequence up to the first that needs an unknown value. Other errors are faults of the rule, and pass. */
export function* whileKnown<Item>(items: () => Iterable<Item>): Iterable<Item> {
  try {
    yield* items();
  } catch (error) {
    if (!(error instanceof UnknownValueError)) throw error;
  }
}
