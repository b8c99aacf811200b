/** An object that emits events about the network or the page. */
interface Source {
  addEventListener?(name: string, listener: () => void, options: { readonly signal: AbortSignal }): void;
}

/** The parts of a browser's window with events for the return of the network or the page. */
export interface Page extends Source {
  readonly document?: Source;
  readonly navigator?: { readonly connection?: Source };
}

/**
 * Calls back when the network returns or changes, and when the page is shown, focused or resumed (also when it is hidden, which
 * does no harm). Timers were throttled or frozen meanwhile, so a dead socket may not have been noticed. Returns a function that
 * unsubscribes. Does nothing outside browsers.
 */
export function onResume(listener: () => void, page: Page = globalThis as Page): () => void {
  const undo = new AbortController();
  const hear = (source: Source | undefined, ...names: string[]) => {
    for (const name of names) source?.addEventListener?.(name, listener, undo);
  };
  // `visibilitychange` bubbles up from the document.
  hear(page, "online", "pageshow", "focus", "visibilitychange");
  hear(page.document, "resume");
  hear(page.navigator?.connection, "change");
  return () => undo.abort();
}
