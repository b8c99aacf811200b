/** A text that fits; what is left out shows as an ellipsis. */
export function cut(text: string, columns: number): string {
  // Of blanks at the end nothing is lost.
  if (text.trimEnd().length <= columns) return text.slice(0, columns);
  return `${text.slice(0, Math.max(0, columns - 1))}…`.slice(0, columns);
}
