/** The tail of a message frame, in the form in which it is stored: see `StoredMessage`. */
export function messageBody(from: string, data: unknown): string {
  return bodyOf(from, JSON.stringify(data));
}

/** The same for data that is already JSON text. */
export function bodyOf(from: string, json: string): string {
  return `"from":${JSON.stringify(from)},"at":${Date.now()},"data":${json}}`;
}
