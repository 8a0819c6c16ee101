{{/*
Secrets. A literal among the values goes into Secret byodc-settings, under the name of its setting; what an operator keeps
in a Secret of their own is read from there. Nothing secret is written into a pod's template.
*/}}

{{- define "byodc.secret.name" -}}byodc-settings{{- end }}

{{/* Where an entry's value comes from; nothing if it has none.
     `dict "root" $ "key" "Byodc__X" "value" … "existing" secret "existingKey" key`. */}}
{{- define "byodc.secret.from" -}}
{{- if .existing }}
valueFrom:
  secretKeyRef: { name: {{ .existing }}, key: {{ .existingKey }} }
{{- else if .value }}
valueFrom:
  secretKeyRef: { name: {{ include "byodc.secret.name" .root }}, key: {{ .key }} }
{{- end }}
{{- end }}

{{/* Every literal secret of the values, by the key under which Secret byodc-settings holds it. */}}
{{- define "byodc.secret.entries" -}}
{{- $entries := dict
      "Byodc__Journal__Url" .Values.journal.url
      "Byodc__Ownership__Url" .Values.ownership.url
      "Byodc__Configuration__Key" .Values.configuration.key
      "Byodc__Configuration__PreviousKey" .Values.configuration.previousKey
      "Byodc__Otlp__Headers" .Values.tracing.headers
      "redisPassword" .Values.byodc.config.redis.password }}
{{- range $name, $value := include "byodc.outgoingProxy" . | fromYaml }}
{{- if include "byodc.hasCredentials" $value }}
{{- $_ := set $entries $name $value }}
{{- end }}
{{- end }}
{{- range $key, $value := $entries }}
{{- with $value }}
{{ $key }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "byodc.redis.hasPassword" -}}
{{- if or .Values.byodc.config.redis.password .Values.byodc.config.redis.existingSecret }}true{{ end }}
{{- end }}
{{- define "byodc.redis.passwordFrom" -}}
{{- $redis := .Values.byodc.config.redis }}
{{- include "byodc.secret.from" (dict "root" . "key" "redisPassword" "value" $redis.password
      "existing" $redis.existingSecret "existingKey" $redis.existingSecretKey) }}
{{- end }}

{{- define "byodc.mysql.secretName" -}}
{{- .Values.mysql.existingSecret | default (include "byodc.mysql.fullname" .) }}
{{- end }}

{{/* The certificate of the proxies. TLS is on where one is given, unless it is switched off by name; behind Emissary the
     same Secret is Emissary's. */}}
{{- define "byodc.tls.secretName" -}}
{{- .Values.loadbalancer.config.tls.existingSecret | default "tls-cert" }}
{{- end }}
{{- define "byodc.tls.literal" -}}
{{- $tls := .Values.loadbalancer.config.tls }}
{{- if or $tls.crt $tls.crtBase64 $tls.key $tls.keyBase64 }}true{{ end }}
{{- end }}
{{- define "byodc.tls.given" -}}
{{- $managed := and .Values.tls .Values.tls.certManager .Values.tls.certManager.enabled }}
{{- if or (include "byodc.tls.literal" .) .Values.loadbalancer.config.tls.existingSecret $managed }}true{{ end }}
{{- end }}
{{- define "byodc.tls.enabled" -}}
{{- $off := eq (toString .Values.loadbalancer.config.tls.enabled) "false" }}
{{- if and (include "byodc.tls.given" .) (not $off) (not .Values.emissary.use) }}true{{ end }}
{{- end }}

{{/* Authorities of the operator's own, as a directory of PEM files beside the image's bundle. Naming one place in the environment
     takes away the others, so both are named. */}}
{{- define "byodc.authorities.env" -}}
{{- if or .Values.trustedAuthorities.configMap .Values.trustedAuthorities.secret }}
- name: SSL_CERT_FILE
  value: /etc/ssl/certs/ca-certificates.crt
- name: SSL_CERT_DIR
  value: /etc/byodc/authorities
{{- end }}
{{- end }}
{{- define "byodc.authorities.volume" -}}
{{- with .Values.trustedAuthorities.configMap }}
- name: authorities
  configMap: { name: {{ . }} }
{{- end }}
{{- with .Values.trustedAuthorities.secret }}
- name: authorities
  secret: { secretName: {{ . }}, defaultMode: 0440 }
{{- end }}
{{- end }}
{{- define "byodc.authorities.mount" -}}
{{- if include "byodc.authorities.env" . }}
- { name: authorities, mountPath: /etc/byodc/authorities, readOnly: true }
{{- end }}
{{- end }}

{{/* A new configuration restarts the pods that read it, by a change of this annotation. */}}
{{- define "byodc.checksum" -}}
checksum/settings: {{ include "byodc.secret.entries" . | sha256sum }}
checksum/admin: {{ toJson .Values.admin | sha256sum }}
{{- end }}
