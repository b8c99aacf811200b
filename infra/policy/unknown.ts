/**
 * Values that a preview cannot know yet. Reading an unknown property throws, so rules need no code for it: the caller of the rule
 * catches the error, and the rule reports nothing about that object instead of something wrong.
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
 * Returns a plain copy in which each unreadable property throws {@link UnknownValueError}. The objects of the engine's policy SDK
 * throw in their own way, and this keeps the SDK out of the rules.
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

/** The items of a sequence up to the first that needs an unknown value. Other errors are bugs of the rule and are rethrown. */
export function* whileKnown<Item>(items: () => Iterable<Item>): Iterable<Item> {
  try {
    yield* items();
  } catch (error) {
    if (!(error instanceof UnknownValueError)) throw error;
  }
}
