import { styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Colours a text, or does not where nobody wants colours. */
export type Paint = (style: Style, text: string) => string;

/** Colours if asked to, whatever standard output is: who asks knows where the text goes. */
export function painter(colours: boolean): Paint {
  return (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text);
}
