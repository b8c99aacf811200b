/** Parses the attributes of an AWS load balancer: `name=value,name=value` in one annotation. */
export function attributes(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {};
  return Object.fromEntries(
    text
      .split(",")
      .map((pair) => pair.trim())
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [name = "", ...value] = pair.split("=");
        return [name.trim(), value.join("=").trim()];
      }),
  );
}
