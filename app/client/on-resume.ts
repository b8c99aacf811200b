/** The part of a browser's window that tells when the network or the page comes back. */
interface Page {
  addEventListener?(name: string, listener: () => void, options: { readonly signal: AbortSignal }): void;
}

/**
 * Calls back when the network returns or the page is shown (or hidden, which does no harm): timers were throttled or
 * frozen meanwhile, so a dead socket may not have been noticed. Returns its undo. Does nothing outside browsers.
 */
export function onResume(listener: () => void, page: Page = globalThis): () => void {
  const undo = new AbortController();
  // The second bubbles from the document.
  for (const name of ["online", "visibilitychange"]) page.addEventListener?.(name, listener, undo);
  return () => undo.abort();
}
