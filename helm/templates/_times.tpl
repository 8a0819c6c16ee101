{{/*
Times. Each is given once, and both roles' settings and the grace periods are computed from it here.

  a pod:   preStop | handover + request                | margin    while it hands over it answers, so no lame duck
  a proxy: preStop | lame duck | request               | margin
           |<------------- terminationGracePeriodSeconds ------>|
                   |<- Byodc__Drain__GraceSeconds ------------->|
*/}}

{{/* Milliseconds as a number: a value may be 900_000, which YAML reads as a number and --set as text. */}}
{{- define "byodc.number" -}}
{{- kindIs "string" . | ternary (toString . | replace "_" "") . | int64 }}
{{- end }}

{{/* How long a POS waits, in ms; 0 means no limit, as the original's Emissary understood it. */}}
{{- define "byodc.timeout.all" -}}
{{- include "byodc.number" .Values.byodc.config.timeout.all }}
{{- end }}
{{- define "byodc.timeout.connect" -}}
{{- include "byodc.number" .Values.byodc.config.timeout.connect }}
{{- end }}

{{/* The same for the proxies, which always have a limit: their longest is an hour. */}}
{{- define "byodc.timeout.deadline" -}}
{{- include "byodc.timeout.all" . | int64 | default 3600000 }}
{{- end }}

{{/* Byodc__Drain__Seconds: what a pod may take to finish receipts and hand its cashboxes over. */}}
{{- define "byodc.drain.seconds" -}}
{{- add .Values.byodc.drain.handoverSeconds .Values.byodc.drain.requestSeconds }}
{{- end }}

{{/* What a pod needs from the order to stop until it is gone. */}}
{{- define "byodc.grace.needed" -}}
{{- $drain := .Values.byodc.drain }}
{{- add $drain.preStopSeconds (include "byodc.drain.seconds" .) $drain.marginSeconds }}
{{- end }}
{{- define "byodc.grace.period" -}}
{{- .Values.byodc.terminationGracePeriodSeconds | default (include "byodc.grace.needed" .) | int64 }}
{{- end }}

{{/* What a proxy needs from the order to stop until it is gone. */}}
{{- define "byodc.proxy.grace.needed" -}}
{{- $drain := .Values.proxy.drain }}
{{- add $drain.preStopSeconds $drain.lameDuckSeconds $drain.requestSeconds $drain.marginSeconds }}
{{- end }}
{{- define "byodc.proxy.grace.period" -}}
{{- .Values.proxy.terminationGracePeriodSeconds | default (include "byodc.proxy.grace.needed" .) | int64 }}
{{- end }}

{{/* The image has no shell, and the roles have a lame duck of their own: a hook comes only where somebody wants to wait. */}}
{{- define "byodc.preStop" -}}
{{- with .preStopSeconds }}
lifecycle:
  preStop:
    sleep:
      seconds: {{ int64 . }}
{{- end }}
{{- end }}
