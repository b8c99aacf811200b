/** A copy without these keys. */
export function omit<T extends object, K extends keyof T>(object: T, ...keys: readonly K[]): Omit<T, K> {
  const kept = Object.entries(object).filter(([key]) => !keys.some((omitted) => omitted === key));
  return Object.fromEntries(kept) as Omit<T, K>;
}
