{{/*
Names and labels. Names do not depend on the release: `kubectl rollout restart deployment byodc` is what people type, and
cashboxes' configurations name Services. Two installations go to two namespaces.
*/}}
{{- define "byodc.fullname" -}}byodc{{- end }}
{{- define "byodc.pods.fullname" -}}byodc-pods{{- end }}
{{- define "byodc.proxy.fullname" -}}byodc-proxy{{- end }}
{{- define "byodc.proxy.metrics.fullname" -}}byodc-proxy-metrics{{- end }}
{{- define "byodc.configService.fullname" -}}byodc-config-service{{- end }}
{{- define "byodc.redis.fullname" -}}redis{{- end }}
{{- define "byodc.mysql.fullname" -}}mysql{{- end }}

{{/* Selectors cannot be changed once they are installed: `app` alone, as it always was. */}}
{{- define "byodc.backend.selector" -}}app: {{ include "byodc.fullname" . }}{{- end }}
{{- define "byodc.proxy.selector" -}}app: {{ include "byodc.proxy.fullname" . }}{{- end }}
{{- define "byodc.configService.selector" -}}app: {{ include "byodc.configService.fullname" . }}{{- end }}
{{- define "byodc.redis.selector" -}}app: {{ include "byodc.redis.fullname" . }}{{- end }}
{{- define "byodc.mysql.selector" -}}app: {{ include "byodc.mysql.fullname" . }}{{- end }}

{{/* Labels of objects. `dict "root" $ "app" "byodc-proxy" "component" "proxy"`. */}}
{{- define "byodc.labelsOf" -}}
{{ include "byodc.podLabelsOf" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") }}
{{- end }}

{{/* Labels of pods: without versions, so that a new chart with the same settings restarts nothing. */}}
{{- define "byodc.podLabelsOf" -}}
app: {{ .app }}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: byodc
{{- end }}

{{/* Labels or annotations of ours and given ones, of which none may take the place of ours. */}}
{{- define "byodc.merged" -}}
{{- merge (fromYaml .own) (.given | default dict | deepCopy) | toYaml }}
{{- end }}

{{- define "byodc.labels" -}}
{{ include "byodc.labelsOf" (dict "root" . "app" (include "byodc.fullname" .) "component" "backend") }}
{{- end }}
{{- define "byodc.proxy.labels" -}}
{{ include "byodc.labelsOf" (dict "root" . "app" (include "byodc.proxy.fullname" .) "component" "proxy") }}
{{- end }}
{{- define "byodc.configService.labels" -}}
{{ include "byodc.labelsOf" (dict "root" . "app" (include "byodc.configService.fullname" .) "component" "config-service") }}
{{- end }}
{{- define "byodc.redis.labels" -}}
{{ include "byodc.labelsOf" (dict "root" . "app" (include "byodc.redis.fullname" .) "component" "redis") }}
{{- end }}
{{- define "byodc.mysql.labels" -}}
{{ include "byodc.labelsOf" (dict "root" . "app" (include "byodc.mysql.fullname" .) "component" "mysql") }}
{{- end }}

{{/* The service account of a role: the chart's own, one that is there, or the namespace's default. */}}
{{- define "byodc.backend.serviceAccountName" -}}
{{- $account := .Values.byodc.serviceAccount }}
{{- $account.name | default (ternary (include "byodc.fullname" .) "default" $account.create) }}
{{- end }}
{{- define "byodc.proxy.serviceAccountName" -}}
{{- $account := .Values.proxy.serviceAccount }}
{{- $account.name | default (ternary (include "byodc.proxy.fullname" .) "default" $account.create) }}
{{- end }}
