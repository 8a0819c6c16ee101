{{- define "byodc.configService.secretName" -}}
{{- .Values.configService.existingSecret | default (include "byodc.configService.fullname" .) }}
{{- end }}
