{{/*
Where pods and proxies may go. What the chart brings along is named by its labels; everything else by its port, because a
NetworkPolicy knows no names.
*/}}

{{/* What pods and proxies have in common on their way out: names, the ownership store, the collector of traces. */}}
{{- define "byodc.network.egress.shared" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- if .Values.redis.enabled }}
- ports:
    - port: 6379
      protocol: TCP
  to:
    - podSelector:
        matchLabels:
          {{- include "byodc.redis.selector" . | nindent 10 }}
{{- end }}
{{- $ports := .Values.networkPolicy.egress.sharedPorts | default list }}
{{- if and .Values.byodc.config.redis.host (not .Values.redis.enabled) }}
{{- $ports = append $ports (include "byodc.number" .Values.byodc.config.redis.port) }}
{{- end }}
{{- $ports = include "byodc.network.portsOf" (.Values.tracing.endpoint | default "") | fromYamlArray | concat $ports }}
{{- include "byodc.network.anywhere" $ports }}
{{- end }}

{{/* Where pods go beside that: what the chart brings along, then the world's services by port. */}}
{{- define "byodc.network.egress.backend" -}}
{{- if .Values.mysql.enabled }}
- ports:
    - port: 3306
      protocol: TCP
  to:
    - podSelector:
        matchLabels:
          {{- include "byodc.mysql.selector" . | nindent 10 }}
{{- end }}
{{- if .Values.configService.enabled }}
- ports:
    - port: 8090
      protocol: TCP
  to:
    - podSelector:
        matchLabels:
          {{- include "byodc.configService.selector" . | nindent 10 }}
{{- end }}
{{- if .Values.fcc.instances }}
- ports:
    - port: 20001
      protocol: TCP
  to:
    - podSelector:
        matchLabels:
          {{- include "byodc.network.fcc.selector" . | nindent 10 }}
{{- end }}
{{- if .Values.byodc.deletionCost.seconds }}
# The API server, which is seldom a pod.
- ports:
    - port: 443
      protocol: TCP
    - port: 6443
      protocol: TCP
{{- end }}
{{- $ports := .Values.networkPolicy.egress.ports | default list }}
{{- $proxy := .Values.byodc.proxy }}
{{- $texts := list $proxy }}
{{- if kindIs "map" $proxy }}
{{- $texts = values $proxy }}
{{- end }}
{{- range $texts }}
{{- $ports = include "byodc.network.portsOf" (. | default "") | fromYamlArray | concat $ports }}
{{- end }}
{{- include "byodc.network.anywhere" $ports }}
{{- with .Values.networkPolicy.egress.extra }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A rule for TCP ports at any address; none without ports, because a rule without ports opens all of them. */}}
{{- define "byodc.network.anywhere" -}}
{{- $numbers := list }}
{{- range . }}
{{- $numbers = append $numbers (int64 .) }}
{{- end }}
{{- with $numbers | uniq }}
- ports:
    {{- range . }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end }}
{{- end }}

{{/* The port of an address, as a list of one: that it names, or that of its scheme. An empty text has none. */}}
{{- define "byodc.network.portsOf" -}}
{{- with regexFind "[a-z]+://[^/;]*" . }}
{{- $named := regexFind ":[0-9]+$" . | trimPrefix ":" }}
- {{ $named | default (hasPrefix "https" . | ternary 443 80) }}
{{- end }}
{{- end }}
