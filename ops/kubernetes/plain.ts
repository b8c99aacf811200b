/**
 * Kubernetes' client describes its objects as classes with dates. The API server's answers and manifests are plain, immutable
 * JSON of the same shape.
 */
export type Plain<T> = T extends Date
  ? string
  : T extends object
    ? { readonly [K in keyof T]: Plain<T[K]> }
    : T;
