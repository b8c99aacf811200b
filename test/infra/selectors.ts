/** The labels by which the stack's objects select the pods of a workload, and no pods of others. */
export const selectorOf = (workload: string) => ({
  "app.kubernetes.io/name": workload,
  "app.kubernetes.io/part-of": "holdfast",
});
