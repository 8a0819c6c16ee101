{{/*
Secrets that values name but the chart does not make. Kubernetes would create the pods all the same and keep them waiting; an install
on a cluster asks for the Secrets first. Without a cluster (helm template, lint) there is nobody to ask.
*/}}

{{/* Each with the value that names it and the keys it has to hold. */}}
{{- define "byodc.existing" -}}
{{- $redis := .Values.byodc.config.redis }}
{{- $configuration := .Values.configuration }}
{{- $named := list
      (list "byodc.config.redis.existingSecret" $redis.existingSecret $redis.existingSecretKey)
      (list "ownership.existingSecret" .Values.ownership.existingSecret .Values.ownership.existingSecretKey)
      (list "journal.existingSecret" .Values.journal.existingSecret .Values.journal.existingSecretKey)
      (list "configuration.existingSecret" $configuration.existingSecret
        $configuration.existingSecretKey $configuration.existingSecretPreviousKey)
      (list "admin.existingSecret" .Values.admin.existingSecret "keys" "peerKey")
      (list "loadbalancer.config.tls.existingSecret" .Values.loadbalancer.config.tls.existingSecret "tls.crt" "tls.key")
      (list "mysql.existingSecret" (and .Values.mysql.enabled .Values.mysql.existingSecret) "rootPassword" "password" "url")
      (list "configService.existingSecret" (and .Values.configService.enabled .Values.configService.existingSecret))
      (list "trustedAuthorities.secret" .Values.trustedAuthorities.secret)
      (list "tracing.existingSecret" .Values.tracing.existingSecret .Values.tracing.existingSecretKey)
      (list "test.existingSecret" .Values.test.existingSecret "cashboxId" "accessToken") }}
{{- range .Values.fcc.instances }}
{{- $named = append $named (list (printf "fcc.instances (%s): existingSecret" .vtssId) .existingSecret "vtssSecret") }}
{{- end }}
{{- range $named }}
{{- if index . 1 }}
- value: {{ index . 0 | quote }}
  secret: {{ index . 1 | quote }}
  keys: {{ slice . 2 | compact | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{/* The answer to a list is not empty even where the list is, so an empty one means that there is no cluster. Helm itself lists
     Secrets for its releases, so whoever installs may do it. */}}
{{- define "byodc.validate.existing" -}}
{{- $named := include "byodc.existing" . | fromYamlArray }}
{{- if and .Values.checkSecrets $named }}
{{- with lookup "v1" "Secret" .Release.Namespace "" }}
{{- $there := dict }}
{{- range .items }}
{{- $_ := set $there .metadata.name (keys (.data | default dict)) }}
{{- end }}
{{- range $named }}
{{- include "byodc.validate.existing.one" (dict "named" . "there" $there "namespace" $.Release.Namespace) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "byodc.validate.existing.one" -}}
{{- $named := .named }}
{{- if hasKey .there $named.secret }}
{{- $keys := get .there $named.secret }}
{{- range $named.keys }}
{{- if not (has . $keys) }}
{{ $named.value }} = {{ $named.secret }}: the Secret has no key {{ . }}
{{- end }}
{{- end }}
{{- else }}
{{ $named.value }} = {{ $named.secret }}: namespace {{ .namespace }} has no such Secret (checkSecrets = false, if it comes later)
{{- end }}
{{- end }}
