/** Shortens a text to fit; an ellipsis shows that something is left out. */
export function cut(text: string, columns: number): string {
  // Spaces at the end may be cut without an ellipsis.
  if (text.trimEnd().length <= columns) return text.slice(0, columns);
  return `${text.slice(0, Math.max(0, columns - 1))}…`.slice(0, columns);
}
