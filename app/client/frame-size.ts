const sizes = new WeakMap<object, number>();

/** Keeps the length of the text that a frame came in, for the bounds on what waits. */
export function setFrameSize(frame: object, size: number): void {
  sizes.set(frame, size);
}

/** Characters, about as many bytes; 0 where it is not known. */
export function frameSize(frame: object): number {
  return sizes.get(frame) ?? 0;
}
