{{/* The original's switch and ours mean the same object. */}}
{{- define "byodc.serviceMonitor.enabled" -}}
{{- if or .Values.prometheus.deployServiceMonitor .Values.metrics.serviceMonitor.enabled }}true{{ end }}
{{- end }}

{{/* Pods and proxies of this release, or the Services before them: all that has a port named prometheus. */}}
{{- define "byodc.metrics.selector" -}}
matchLabels:
  app.kubernetes.io/instance: {{ .Release.Name }}
matchExpressions:
  - key: app
    operator: In
    values:
      - {{ include "byodc.fullname" . }}
      - {{ include "byodc.proxy.fullname" . }}
{{- end }}
