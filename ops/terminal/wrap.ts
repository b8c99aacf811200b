/**
 * Breaks a text between words so that no line is longer than the columns. A longer word stays whole, so that it can be copied.
 *
 * @param lead what the first line already contains
 * @param indent the indentation of the lines below it
 */
export function wrapWords(text: string, columns: number, { lead = 0, indent = 0 } = {}): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const room = columns - (lines.length === 0 ? lead : indent);
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
