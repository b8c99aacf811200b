/** One table of a Markdown text: the cells of each row, without the header. */
export type Table = readonly (readonly string[])[];

/** The first table under each heading, by the heading's text without backticks. Tables in code blocks do not count. */
export function tablesByHeading(markdown: string): ReadonlyMap<string, Table> {
  const tables = new Map<string, string[][]>();
  let heading = "";
  let rows: string[][] | undefined;
  for (const line of markdown.replace(/^```.*?^```$/gms, "").split("\n")) {
    if (line.startsWith("#")) heading = line.replace(/^#+ |`/g, "");
    if (!line.startsWith("|")) {
      rows = undefined;
    } else if (rows !== undefined) {
      rows.push(cells(line));
    } else {
      rows = [];
      if (!tables.has(heading)) tables.set(heading, rows);
    }
  }
  // The first stored row is the line of dashes.
  return new Map([...tables].map(([name, [, ...body]]) => [name, body]));
}

function cells(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("`", ""));
}
