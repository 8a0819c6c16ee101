{{/* What the objects of a connector share: `dict "root" $ "instance" .`. */}}
{{- define "byodc.fcc.labels" -}}
{{ include "byodc.labelsOf" (dict "root" .root "app" (quote .instance.vtssId) "component" "fcc") }}
{{- end }}
{{- define "byodc.fcc.podLabels" -}}
{{ include "byodc.podLabelsOf" (dict "root" .root "app" (quote .instance.vtssId) "component" "fcc") }}
{{- end }}

{{/* Who it is, what all connectors are told, and what this one is told; the last word counts. */}}
{{- define "byodc.fcc.env" -}}
{{- $fcc := .root.Values.fcc }}
{{- $who := include "byodc.fcc.env.identity" . }}
{{- $common := include "byodc.env" (dict "own" $who "given" $fcc.config.env) }}
{{- include "byodc.env" (dict "own" $common "given" .instance.env) }}
{{- end }}

{{- define "byodc.fcc.env.identity" -}}
- name: vtssId
  value: {{ .instance.vtssId | quote }}
- name: vtssSecret
  valueFrom:
    secretKeyRef: { name: {{ .instance.existingSecret | default .instance.vtssId | quote }}, key: vtssSecret }
{{- range $kind, $value := .root.Values.fcc.proxy }}
{{- with $value }}
- name: {{ include "byodc.outgoingProxy.variable" $kind }}
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The vendor's image decides its user and writes beside its volume; what it surely does not need is taken away. */}}
{{- define "byodc.fcc.securityContext" -}}
{{- $own := dict
      "allowPrivilegeEscalation" false "privileged" false
      "seccompProfile" (dict "type" "RuntimeDefault") }}
{{- mergeOverwrite $own (. | default dict | deepCopy) | toYaml }}
{{- end }}
