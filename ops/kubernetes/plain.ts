/**
 * Kubernetes' client describes its objects as classes with dates; what the API server sends and what manifests hold is
 * plain, unchanging JSON of the same shape.
 */
export type Plain<T> = T extends Date
  ? string
  : T extends object
    ? { readonly [K in keyof T]: Plain<T[K]> }
    : T;
