{{/*
The groups of every file in monitoring/rules, as a YAML list. Nothing is templated in there, so expressions and the
templates of Prometheus' own annotations pass as they are.
*/}}
{{- define "byodc.rules.groups" -}}
{{- $groups := list }}
{{- $alerts := list }}
{{- range $path, $_ := .Files.Glob "monitoring/rules/*.yaml" }}
{{- $file := $.Files.Get $path | fromYaml }}
{{- with $file.Error }}
{{- fail (printf "%s is no YAML: %s" $path .) }}
{{- end }}
{{- range $file.groups }}
{{- range .rules }}
{{- $alerts = append $alerts .alert }}
{{- end }}
{{- $groups = append $groups (include "byodc.rules.group" (dict "group" . "root" $) | fromYaml) }}
{{- end }}
{{- end }}
{{- range .Values.metrics.prometheusRule.disabled }}
{{- if not (has . $alerts) }}
{{- fail (printf "metrics.prometheusRule.disabled names %s: there is no such alert" .) }}
{{- end }}
{{- end }}
{{- toYaml $groups }}
{{- end }}

{{/* One group, each of its alerts labelled and linked. Takes a dict of `group` and `root`. */}}
{{- define "byodc.rules.group" -}}
{{- $settings := .root.Values.metrics.prometheusRule }}
{{- $rules := list }}
{{- range .group.rules }}
{{- $rule := . }}
{{- if and .alert (not (has .alert $settings.disabled)) }}
{{- $labels := merge (deepCopy $settings.ruleLabels) (default dict .labels) }}
{{- $annotations := default dict .annotations }}
{{- with $settings.runbookBaseUrl }}
{{- $annotations = set $annotations "runbook_url" (printf "%s/%s.md" (trimSuffix "/" .) $rule.alert) }}
{{- end }}
{{- $rules = append $rules (merge (dict "labels" $labels "annotations" $annotations) .) }}
{{- else if not .alert }}
{{- $rules = append $rules . }}
{{- end }}
{{- end }}
{{- toYaml (set .group "rules" $rules) }}
{{- end }}
