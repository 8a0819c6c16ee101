{{/* Who is who in a NetworkPolicy. Each is a list of peers; the rules around them stand in the policies. */}}

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
{{- if not .Values.redis.enabled }}
{{- $ports = append $ports (include "byodc.number" .Values.byodc.config.redis.port) }}
{{- end }}
{{- $ports = include "byodc.network.portsOf" (.Values.tracing.endpoint | default "") | fromYamlArray | concat $ports }}
{{- include "byodc.network.anywhere" $ports }}
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
{{- range kindIs "map" $proxy | ternary (values (kindIs "map" $proxy | ternary $proxy dict)) (list $proxy) }}
{{- $ports = include "byodc.network.portsOf" (. | default "") | fromYamlArray | concat $ports }}
{{- end }}
{{- include "byodc.network.anywhere" $ports }}
{{- with .Values.networkPolicy.egress.extra }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* All connectors at once: each has a name of its own. */}}
{{- define "byodc.network.fcc.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: fcc
{{- end }}
