{{/* What the number of pods follows: figures of the pods themselves, each as a mean over the pods, and given ones. */}}
{{- define "byodc.autoscaling.metrics" -}}
{{- $metrics := list }}
{{- with .cashboxesPerPod }}
{{- $metrics = append $metrics (include "byodc.autoscaling.perPod" (list "byodc_cashboxes" .) | fromYaml) }}
{{- end }}
{{- with .inFlightPerPod }}
{{- $metrics = append $metrics (include "byodc.autoscaling.perPod" (list "byodc_http_inflight_requests" .) | fromYaml) }}
{{- end }}
{{- toYaml (concat $metrics .metrics) }}
{{- end }}

{{- define "byodc.autoscaling.perPod" -}}
type: Pods
pods:
  metric:
    name: {{ index . 0 }}
  target:
    type: AverageValue
    averageValue: {{ index . 1 | int64 | quote }}
{{- end }}
