{{/* What tells the test's pod from every other, so that a NetworkPolicy can let it in. */}}
{{- define "byodc.test.selector" -}}
app: {{ include "byodc.fullname" . }}-test
{{- end }}

{{/* Service byodc-proxy; where that is TLS alone, under names that this pod does not know, the proxies themselves. */}}
{{- define "byodc.test.address" -}}
{{- $name := ternary "byodc.proxy.fullname" "byodc.proxy.metrics.fullname" (eq "true" (include "byodc.proxy.plainHttp" .)) }}
{{- printf "http://%s" (include $name .) }}
{{- end }}

{{- define "byodc.test.labels" -}}
{{ include "byodc.labelsOf" (dict "root" . "app" "byodc-test" "component" "test") }}
{{- end }}
