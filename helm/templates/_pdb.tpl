{{/*
The budget of a PodDisruptionBudget: what must stay, or what may be missing, one if nothing is said.
*/}}
{{- define "byodc.pdb.budget" -}}
{{- if kindIs "invalid" .minAvailable -}}
maxUnavailable: {{ kindIs "invalid" .maxUnavailable | ternary 1 .maxUnavailable }}
{{- else -}}
minAvailable: {{ .minAvailable }}
{{- end }}
{{- end }}
