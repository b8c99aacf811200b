/** One client's cookies for one service, with what an affinity cookie needs: name, value, end. */
export class CookieJar {
  readonly #values = new Map<string, string>();

  /** Stores a response's Set-Cookie headers; drops expired cookies, as a browser does. */
  store(headers: readonly string[] | undefined): void {
    for (const header of headers ?? []) {
      const [pair = "", ...attributes] = header.split(";").map((part) => part.trim());
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      if (attributes.some(expires)) this.#values.delete(name);
      else this.#values.set(name, value);
    }
  }

  /** The Cookie header; undefined if there are no cookies. */
  get header(): string | undefined {
    if (this.#values.size === 0) return undefined;
    return [...this.#values].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

function expires(attribute: string): boolean {
  const [name = "", value = ""] = attribute.split("=");
  if (name.toLowerCase() === "max-age") return Number(value) <= 0;
  return name.toLowerCase() === "expires" && Date.parse(value) <= Date.now();
}
