{{/* Everything a proxy is told. What byodc.config.env says of ownership is true for proxies, too; their own entries go
     before that. */}}
{{- define "byodc.proxy.env" -}}
{{- $own := list
      (include "byodc.proxy.env.listeners" .)
      (include "byodc.env.ownership" .)
      (include "byodc.proxy.env.times" .)
      (include "byodc.env.admin" .)
      (include "byodc.env.telemetry" .)
      (include "byodc.authorities.env" .) | join "\n" }}
{{- $shared := include "byodc.env" (dict "own" $own "given" (include "byodc.env.shared" . | fromYamlArray)) }}
{{- include "byodc.env" (dict "own" $shared "given" .Values.proxy.env) }}
{{- end }}

{{/* Where it listens, and where it looks for pods while the ownership store is away. */}}
{{- define "byodc.proxy.env.listeners" -}}
- name: Byodc__Proxy__Listen
  value: "[::]:80"
{{- if include "byodc.tls.enabled" . }}
- name: Byodc__Proxy__TlsListen
  value: "[::]:443"
- name: Byodc__Proxy__TlsCertificate
  value: /etc/byodc/tls/tls.crt
- name: Byodc__Proxy__TlsKey
  value: /etc/byodc/tls/tls.key
{{- end }}
- name: Byodc__Metrics__Listen
  value: "[::]:8080"
- name: Byodc__Proxy__AdminListen
  value: "[::]:8081"
- name: Byodc__Proxy__PodsDns
  value: {{ include "byodc.pods.fullname" . }}:80
- name: Byodc__Proxy__BodyBytesMax
  value: {{ include "byodc.number" .Values.byodc.config.bodyBytesMax | quote }}
{{- end }}

{{/* How long a POS waits, and how the proxy stops. */}}
{{- define "byodc.proxy.env.times" -}}
{{- $drain := .Values.proxy.drain }}
- name: Byodc__Proxy__DeadlineMs
  value: {{ include "byodc.timeout.deadline" . | quote }}
- name: Byodc__Proxy__ConnectMs
  value: {{ include "byodc.timeout.connect" . | quote }}
- name: Byodc__Proxy__LameDuckMs
  value: {{ mul $drain.lameDuckSeconds 1000 | quote }}
- name: Byodc__Proxy__DrainMs
  value: {{ mul $drain.requestSeconds 1000 | quote }}
- name: Byodc__Drain__GraceSeconds
  value: {{ sub (include "byodc.proxy.grace.period" .) $drain.preStopSeconds | quote }}
{{- end }}
