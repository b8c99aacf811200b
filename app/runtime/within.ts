/** Waits for something to end, but no longer than `ms`; how it ended does not matter. */
export async function within(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([done.then(noop, noop), over]);
  clearTimeout(timer);
}

const noop = () => undefined;
