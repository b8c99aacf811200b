/** SIGHUP: the terminal was closed. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Calls `end` at each signal to end, with the count from 1: a person who asks twice is in a hurry. Returns its undo. */
export function onEndSignal(end: (count: number) => void): () => void {
  let count = 0;
  const listener = () => end(++count);
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.removeListener(signal, listener);
  };
}
