{{/*
What all our pods have in common: the restricted Pod Security profile, and where they may run.
*/}}

{{/* Every port is open to a user without privileges, so that 80 and 443 stay what they are. The sysctl is a safe one. */}}
{{- define "byodc.podSecurityContext" -}}
{{- $own := dict
      "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "fsGroup" 65532
      "seccompProfile" (dict "type" "RuntimeDefault")
      "sysctls" (list (dict "name" "net.ipv4.ip_unprivileged_port_start" "value" "0")) }}
{{- mergeOverwrite $own (. | default dict | deepCopy) | toYaml }}
{{- end }}

{{/* The same for servers that are not ours, which bring their own user and no low ports: `dict "user" 999`. */}}
{{- define "byodc.podSecurityContextOf" -}}
{{- dict "runAsNonRoot" true "runAsUser" .user "runAsGroup" .user "fsGroup" .user
      "seccompProfile" (dict "type" "RuntimeDefault") | toYaml }}
{{- end }}

{{- define "byodc.securityContext" -}}
{{- $own := dict
      "allowPrivilegeEscalation" false "privileged" false "readOnlyRootFilesystem" true "runAsNonRoot" true
      "capabilities" (dict "drop" (list "ALL")) }}
{{- mergeOverwrite $own (. | default dict | deepCopy) | toYaml }}
{{- end }}

{{/* Spread: a constraint without a labelSelector means the role's own pods. `dict "constraints" … "selector" "app: byodc"`. */}}
{{- define "byodc.spread" -}}
{{- $constraints := list }}
{{- range .constraints }}
{{- $own := dict "labelSelector" (dict "matchLabels" (fromYaml $.selector)) }}
{{- $constraints = append $constraints (merge (deepCopy .) $own) }}
{{- end }}
{{- with $constraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where a pod may run: nodeSelector, affinity, tolerations, priorityClassName of a section of the values. */}}
{{- define "byodc.scheduling" -}}
{{- $found := dict }}
{{- range $key := list "nodeSelector" "affinity" "tolerations" "priorityClassName" }}
{{- with get $ $key }}
{{- $_ := set $found $key . }}
{{- end }}
{{- end }}
{{- with $found }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Probes of every role that serves port http. Being alive never depends on Redis or a database. */}}
{{- define "byodc.probes" -}}
startupProbe:
  httpGet: { path: /health/live, port: http }
  periodSeconds: 2
  failureThreshold: 75
livenessProbe:
  httpGet: { path: /health/live, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /health/ready, port: http }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end }}
