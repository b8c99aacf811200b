/** Waits until something ends, but at most `ms`. It does not matter whether it succeeds. */
export async function within(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([done.then(noop, noop), over]);
  clearTimeout(timer);
}

const noop = () => undefined;
