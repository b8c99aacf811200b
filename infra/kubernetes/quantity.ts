/** The factors of the suffixes of a quantity. */
const factors: Readonly<Record<string, number>> = {
  ...{ "": 1, n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...Object.fromEntries(
    ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, power) => [suffix, 1024 ** (power + 1)]),
  ),
};

/**
 * The value of a Kubernetes quantity, such as 1.5, 250m, 512Mi or 1e3; undefined if the text is none.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function quantityValue(text: string): number | undefined {
  const parts = /^([+-]?(?:\d+\.?\d*|\.\d+))([num]|[kMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/.exec(text);
  if (parts === null) return undefined;
  const [, number = "", suffix = ""] = parts;
  const factor = factors[suffix];
  return factor === undefined ? Number(`${number}${suffix}`) : Number(number) * factor;
}
