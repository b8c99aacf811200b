const sizes = new WeakMap<object, number>();

/** Stores the length of the text of a frame, for the limits on buffers. */
export function setFrameSize(frame: object, size: number): void {
  sizes.set(frame, size);
}

/** In characters, which are about as many bytes; 0 if it is not known. */
export function frameSize(frame: object): number {
  return sizes.get(frame) ?? 0;
}
