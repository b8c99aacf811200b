import { readFileSync } from "node:fs";
import { join } from "node:path";

const css = readFileSync(join(__dirname, "../../../app/web/page.css"), "utf8");

/** The colours of each scheme; the dark one overrides some of them. */
const [light = "", dark = ""] = [...css.matchAll(/:root \{([^}]*)\}/g)].map(([, body]) => body);
const colours = (body: string) =>
  new Map([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", hex = ""]) => [name, hex]));
const schemes = { light: colours(light), dark: colours(dark) };

const hues = Array.from({ length: 9 }, (_, hue) => `hue-${hue}`);
const pairs = [
  ...["ink", "muted", "accent", "bad", "good"].flatMap((text) => [`${text} ground`, `${text} surface`]),
  "ink sunken",
  "on-accent accent",
  ...hues.map((hue) => `on-hue ${hue}`),
];

describe.each(Object.entries(schemes))("in the %s scheme", (_name, scheme) => {
  it.each(pairs)("text can be read: %s", (pair) => {
    const [text, ground] = pair.split(" ").map((name) => luminance(scheme.get(name) ?? ""));
    const [high = 0, low = 0] = [text ?? NaN, ground ?? NaN].sort((a, b) => b - a);
    expect((high + 0.05) / (low + 0.05)).toBeGreaterThanOrEqual(4.5);
  });
});

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [red = NaN, green = NaN, blue = NaN] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
