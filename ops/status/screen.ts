/**
 * Uses the alternate screen, as pagers do, so that the terminal is restored afterwards, and hides the cursor, which would only
 * jump around.
 */
const [enter, leave] = ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"];
const [home, clearLine, clearBelow] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** The parts of a terminal that a view uses. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

/** The size that a view must fit. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Shows one view at a time on the whole terminal, without flicker: overwrites each line in place, and writes all lines at once.
 */
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

  /** Shows the view for the terminal's size, now and whenever the size changes. */
  show(view: (size: Size) => string): void {
    this.#view = view;
    this.#draw();
  }

  /** Restores the terminal. Safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.off("resize", this.#redraw);
    this.#terminal.write(leave);
  }

  #draw(): void {
    // Some terminals do not report their size.
    const columns = this.#terminal.columns || 80;
    const rows = this.#terminal.rows || 24;
    const lines = this.#view({ columns, rows }).split("\n").slice(0, rows);
    // No line feed after the last line, because the terminal would scroll.
    const text = lines.map((line) => line + clearLine).join("\r\n");
    this.#terminal.write(`${home}${text}${clearBelow}`);
  }
}
