import { alerts, type Alert, type AlertScope } from "./alerts";

/** A rule, in Prometheus' format. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/**
 * The contents of a PrometheusRule, which `promtool` checks too.
 *
 * @param runbooks the URL or path of the runbooks, without a slash at the end
 */
export function ruleGroups(scope: AlertScope, runbooks: string): RuleGroup[] {
  return [{ name: "holdfast", rules: alerts(scope).map((alert) => rule(alert, runbooks)) }];
}

function rule({ name, expr, for: pending, severity, labels, summary }: Alert, runbooks: string): Rule {
  return {
    alert: name,
    expr,
    for: pending,
    labels: { ...labels, severity },
    annotations: { summary, runbook_url: `${runbooks}/${name}.md` },
  };
}
