{{/* The Secret that holds `keys` and `peerKey`: the operator's own, or the one made from the values. */}}
{{- define "byodc.admin.secretName" -}}
{{- .Values.admin.existingSecret | default (printf "%s-admin" (include "byodc.fullname" .)) }}
{{- end }}

{{/* The keys as the setting Byodc__Admin__Keys reads them: name:role:sha256, separated by commas. */}}
{{- define "byodc.admin.keys" -}}
{{- $lines := list }}
{{- range .Values.admin.keys }}
{{- $lines = append $lines (printf "%s:%s:%s" .name .role (.sha256 | default (sha256sum (default "" .key)))) }}
{{- end }}
{{- join "," $lines }}
{{- end }}
