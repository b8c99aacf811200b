/** SIGHUP: the terminal was closed. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Calls `end` for each signal to end, with the count from 1, because a user who repeats it wants a quick end. Returns a function
 * that unsubscribes.
 */
export function onEndSignal(end: (count: number) => void): () => void {
  let count = 0;
  const listener = () => end(++count);
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.removeListener(signal, listener);
  };
}
