/** A second screen, as pagers use, so that the terminal is as it was afterwards; the cursor would only jump about. */
const [enter, leave] = ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"];
const [home, clearLine, clearBelow] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** A terminal as far as a view needs it. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

/** What a view must fit into. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Shows one view at a time on the whole terminal, without flicker: each line is overwritten in place, and all at once. */
export class Screen {
  readonly #terminal: Terminal;
  readonly #redraw = () => this.#draw();
  #view: (size: Size) => string = () => "";
  #open = true;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.write(enter);
    terminal.on("resize", this.#redraw);
  }

  /** Shows what the view gives for the terminal's size, now and whenever that changes. */
  show(view: (size: Size) => string): void {
    this.#view = view;
    this.#draw();
  }

  /** Gives the terminal back as it was. Safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.off("resize", this.#redraw);
    this.#terminal.write(leave);
  }

  #draw(): void {
    // Some terminals do not tell their size.
    const columns = this.#terminal.columns || 80;
    const rows = this.#terminal.rows || 24;
    const lines = this.#view({ columns, rows }).split("\n").slice(0, rows);
    // No line feed behind the last line: in the last row it would scroll.
    const text = lines.map((line) => line + clearLine).join("\r\n");
    this.#terminal.write(`${home}${text}${clearBelow}`);
  }
}
