{{/* Without anything in front the proxies are the front door, as the original's Emissary was. */}}
{{- define "byodc.proxy.serviceType" -}}
{{- $ingress := and .Values.ingress .Values.ingress.enabled }}
{{- $gateway := and .Values.gateway .Values.gateway.enabled }}
{{- $behind := or $ingress $gateway .Values.emissary.use }}
{{- .Values.proxy.service.type | default (ternary "ClusterIP" "LoadBalancer" (not (not $behind))) }}
{{- end }}

{{/* Port 80 goes only where there is 443 instead. */}}
{{- define "byodc.proxy.plainHttp" -}}
{{- if or .Values.proxy.service.http (not (include "byodc.tls.enabled" .)) }}true{{ end }}
{{- end }}
