/** A panel of the dashboard, as data: a test runs every query against a real Prometheus. */

export interface Query {
  /** PromQL, with the dashboard's variables `$namespace` and `$service`. */
  readonly expr: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What the panel means, for a person on call. */
  readonly description: string;
  /** Grafana's id of a unit. */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly stacked?: boolean;
  /** Shows a band for each series over time, with a name and a colour for the values 0, 1, 2, … */
  readonly states?: readonly { readonly text: string; readonly color: string }[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}
