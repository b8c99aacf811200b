/** The tail of a message frame, as it is stored: see `StoredMessage`. */
export function messageBody(from: string, data: unknown): string {
  return bodyOf(from, JSON.stringify(data));
}

/** The same of data that is text already. */
export function bodyOf(from: string, json: string): string {
  return `"from":${JSON.stringify(from)},"at":${Date.now()},"data":${json}}`;
}
