import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Colours a text, unless colours are off. */
export type Paint = (style: Style, text: string) => string;

/** Uses colours if the caller asks for them, whatever standard output is: the caller knows where the text goes. */
export function painter(colours: boolean): Paint {
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text);
}
