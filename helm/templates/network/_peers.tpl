{{/* Who is who in a NetworkPolicy, and who may come to pods and proxies alike. */}}

{{- define "byodc.network.pods" -}}
- podSelector:
    matchLabels:
      {{- include "byodc.backend.selector" . | nindent 6 }}
{{- end }}

{{- define "byodc.network.proxies" -}}
- podSelector:
    matchLabels:
      {{- include "byodc.proxy.selector" . | nindent 6 }}
{{- end }}

{{/* What pods and proxies have in common: Prometheus reads figures, operators reach the admin port. */}}
{{- define "byodc.network.ingress.observers" -}}
- ports:
    - port: 8080
      protocol: TCP
  from:
    {{- toYaml .Values.networkPolicy.prometheus | nindent 4 }}
{{- with .Values.networkPolicy.operators }}
- ports:
    - port: 8081
      protocol: TCP
  from:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}

{{/* All connectors at once: each has a name of its own. */}}
{{- define "byodc.network.fcc.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: fcc
{{- end }}
