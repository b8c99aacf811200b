/* eslint-disable @typescript-eslint/no-deprecated -- Its successor needs Grafana 12; every Grafana reads this format. */
import * as common from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  MappingType,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
  type ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StateTimeline } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries";
import { rows } from "./panels";
import type { Panel } from "./panels/panel";

/** The width of Grafana's grid. */
const gridWidth = 24;
const panelHeight = 8;

const datasource = { type: "prometheus", uid: "${datasource}" };

/** The dashboard of a stack, in Grafana's own format. The folder `panels` holds the panels as data. */
export function dashboard(namespace: string): ReturnType<DashboardBuilder["build"]> {
  const builder = new DashboardBuilder(`Holdfast: ${namespace}`)
    // A namespace may have 63 characters, but a uid only 40.
    .uid(`holdfast-${namespace}`.slice(0, 40))
    .description("WebSocket services: who is connected, and what a rollout does to them.")
    .tags(["holdfast", "websocket"])
    .time({ from: "now-1h", to: "now" })
    .refresh("30s")
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"))
    .withVariable(
      variable("namespace", "label_values(websocket_connections_active, namespace)").current({
        text: namespace,
        value: namespace,
      }),
    )
    .withVariable(
      variable("service", 'label_values(websocket_connections_active{namespace="$namespace"}, service)')
        .multi(true)
        .includeAll(true)
        .allValue(".*")
        .current({ text: "All", value: "$__all" }),
    );
  for (const { title, panels } of rows) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(build(panel, gridWidth / Math.min(panels.length, 4)));
  }
  return builder.build();
}

function variable(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(name)
    .datasource(datasource)
    .query({ query, refId: "variable" })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

function build(panel: Panel, span: number): TimeSeries | StateTimeline {
  const builder = panel.states === undefined ? timeSeries(panel) : stateTimeline(panel.states);
  builder
    .title(panel.title)
    .description(panel.description)
    .datasource(datasource)
    .height(panelHeight)
    .span(span);
  for (const { expr, legend } of panel.queries) {
    builder.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend).range());
  }
  return builder;
}

function timeSeries({ unit, stacked = false }: Panel): TimeSeries {
  const builder = new TimeSeries()
    .unit(unit)
    .min(0)
    .fillOpacity(stacked ? 40 : 10)
    .showPoints(common.VisibilityMode.Never)
    .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi));
  return stacked
    ? builder.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal))
    : builder;
}

function stateTimeline(states: NonNullable<Panel["states"]>): StateTimeline {
  const options = Object.fromEntries(
    states.map(({ text, color }, index) => [String(index), { text, color, index }]),
  );
  const mapping: ValueMapping = { type: MappingType.ValueToText, options };
  return new StateTimeline().mappings([mapping]).mergeValues(true).showValue(common.VisibilityMode.Never);
}
