{{/*
Settings: values become environment. What proxies and pods must agree on is written once and given to both.
Each part is a YAML list; `byodc.env` puts a role's parts and what somebody gave by hand together.
*/}}

{{/* Own entries and given ones, which take the place of ours with the same name, in whatever letter case, and come last.
     A name twice would be refused by server-side apply. `dict "own" "<yaml>" "given" .Values.proxy.env`. */}}
{{- define "byodc.env" -}}
{{- $given := compact (.given | default list) }}
{{- $names := list }}
{{- range $given }}
{{- $names = append $names (lower .name) }}
{{- end }}
{{- $entries := list }}
{{- range fromYamlArray .own }}
{{- if not (has (lower .name) $names) }}
{{- $entries = append $entries . }}
{{- end }}
{{- end }}
{{- concat $entries $given | toYaml }}
{{- end }}

{{/* Entries of byodc.config.env that proxies have to share, or they would look for the pods elsewhere. */}}
{{- define "byodc.env.shared" -}}
{{- $shared := list }}
{{- range compact (.Values.byodc.config.env | default list) }}
{{- if regexMatch "(?i)^(redis__.*|byodc__ownership__url|byodc__lease__.*)$" .name }}
{{- $shared = append $shared . }}
{{- end }}
{{- end }}
{{- $shared | toYaml }}
{{- end }}

{{/* Where ownership is recorded. */}}
{{- define "byodc.env.ownership" -}}
{{- $redis := .Values.byodc.config.redis }}
{{- if include "byodc.redis.hasPassword" . }}
- name: REDIS_PASSWORD
  {{- include "byodc.redis.passwordFrom" . | nindent 2 }}
{{- end }}
- name: Redis__ConnectionString
  value: {{ include "byodc.redis.connectionString" . | quote }}
- name: Redis__Channel
  value: {{ $redis.channel | quote }}
{{- with include "byodc.secret.from" (dict "root" . "key" "Byodc__Ownership__Url" "value" .Values.ownership.url
      "existing" .Values.ownership.existingSecret "existingKey" .Values.ownership.existingSecretKey) }}
- name: Byodc__Ownership__Url
  {{- . | nindent 2 }}
{{- end }}
- name: Byodc__Lease__Seconds
  value: {{ include "byodc.number" .Values.byodc.lease.seconds | quote }}
- name: Byodc__Lease__RenewSeconds
  value: {{ include "byodc.number" .Values.byodc.lease.renewSeconds | quote }}
{{- end }}

{{/* Redis as StackExchange writes it; without a host there is none, and nothing may follow. */}}
{{- define "byodc.redis.connectionString" -}}
{{- $redis := .Values.byodc.config.redis }}
{{- with tpl (default "" $redis.host) . }}
{{- printf "%s:%s" . (include "byodc.number" $redis.port) }}
{{- with $redis.user }},user={{ . }}{{ end }}
{{- if include "byodc.redis.hasPassword" $ }},password=$(REDIS_PASSWORD){{ end }}
{{- if $redis.tls }},ssl=true{{ end }}
{{- if not (kindIs "invalid" $redis.database) }},defaultDatabase={{ include "byodc.number" $redis.database }}{{ end }}
{{- with $redis.sentinelService }},serviceName={{ . }}{{ end }}
{{- end }}
{{- end }}

{{/* Logs and traces. */}}
{{- define "byodc.env.telemetry" -}}
- name: Logging__LogLevel__Default
  value: {{ .Values.byodc.config.logLevel | quote }}
- name: Byodc__Log__Format
  value: {{ .Values.byodc.config.logFormat | quote }}
{{- with .Values.tracing.endpoint }}
- name: Byodc__Otlp__Endpoint
  value: {{ . | quote }}
{{- if not (kindIs "invalid" $.Values.tracing.sampleRatio) }}
- name: Byodc__Otlp__SampleRatio
  value: {{ toString $.Values.tracing.sampleRatio | quote }}
{{- end }}
{{- with include "byodc.secret.from" (dict "root" $ "key" "Byodc__Otlp__Headers" "value" $.Values.tracing.headers
      "existing" $.Values.tracing.existingSecret "existingKey" $.Values.tracing.existingSecretKey) }}
- name: Byodc__Otlp__Headers
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Who may use the admin port. An existing Secret has to hold keys and peerKey: a missing one is an error at start, not an
     open door. */}}
{{- define "byodc.env.admin" -}}
{{- $admin := .Values.admin }}
{{- if or $admin.keys $admin.existingSecret }}
- name: Byodc__Admin__Keys
  valueFrom:
    secretKeyRef: { name: {{ include "byodc.admin.secretName" . }}, key: keys }
{{- end }}
{{- end }}

{{/* What pods show each other. Proxies have no use for it, so they do not get it. */}}
{{- define "byodc.env.peer" -}}
{{- $admin := .Values.admin }}
{{- if or $admin.peerKey $admin.existingSecret }}
- name: Byodc__Peer__Key
  valueFrom:
    secretKeyRef: { name: {{ include "byodc.admin.secretName" . }}, key: peerKey }
{{- end }}
{{- end }}

{{/* A proxy for outgoing requests: a string for the setting Proxy, a map for HTTP_PROXY and its like. With a password it
     comes from the Secret. */}}
{{- define "byodc.env.outgoingProxy" -}}
{{- $secret := include "byodc.secret.name" . }}
{{- range $name, $value := include "byodc.outgoingProxy" . | fromYaml }}
- name: {{ $name }}
  {{- if include "byodc.hasCredentials" $value }}
  valueFrom:
    secretKeyRef: { name: {{ $secret }}, key: {{ $name }} }
  {{- else }}
  value: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What byodc.proxy comes to, by variable. The bundled configuration service is inside, where no proxy leads. */}}
{{- define "byodc.outgoingProxy" -}}
{{- $proxy := .Values.byodc.proxy }}
{{- $found := dict }}
{{- if kindIs "map" $proxy }}
{{- range $kind, $value := $proxy }}
{{- with $value }}
{{- $_ := set $found (include "byodc.outgoingProxy.variable" $kind) . }}
{{- end }}
{{- end }}
{{- else if $proxy }}
{{- $_ := set $found "Proxy" (include "byodc.outgoingProxy.parts" $proxy) }}
{{- with include "byodc.outgoingProxy.bypassed" $proxy | fromYamlArray }}
{{- $_ := set $found "NO_PROXY" (join "," .) }}
{{- end }}
{{- end }}
{{- if and $found .Values.configService.enabled }}
{{- $except := list (get $found "NO_PROXY") (include "byodc.configService.fullname" .) | compact | join "," }}
{{- $_ := set $found "NO_PROXY" $except }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* The string without its exceptions (bypass=…;bypasslocalhost=…), which the pods read from NO_PROXY. */}}
{{- define "byodc.outgoingProxy.parts" -}}
{{- $parts := list }}
{{- range splitList ";" . }}
{{- if not (regexMatch "(?i)^\\s*bypass(localhost)?\\s*=" .) }}
{{- $parts = append $parts . }}
{{- end }}
{{- end }}
{{- join ";" $parts }}
{{- end }}

{{/* Its exceptions. A regular expression is one host if all that is special in it are escaped dots: 192\.168\.10\.1. */}}
{{- define "byodc.outgoingProxy.bypassed" -}}
{{- $hosts := list }}
{{- range splitList ";" . }}
{{- $name := lower (trim (splitList "=" . | first)) }}
{{- $value := trim (splitList "=" . | rest | join "=") }}
{{- if and (eq $name "bypasslocalhost") (eq (lower $value) "true") }}
{{- $hosts = concat $hosts (list "localhost" "127.0.0.0/8" "::1") }}
{{- else if and (eq $name "bypass") (include "byodc.outgoingProxy.isHost" $value) }}
{{- $hosts = append $hosts (replace "\\." "." $value) }}
{{- end }}
{{- end }}
{{- toYaml $hosts }}
{{- end }}

{{- define "byodc.outgoingProxy.isHost" -}}
{{- if regexMatch "^[-a-zA-Z0-9]+(\\\\\\.[-a-zA-Z0-9]+)*$" . }}true{{ end }}
{{- end }}

{{/* YAML reads the unquoted key `no` as false. */}}
{{- define "byodc.outgoingProxy.variable" -}}
{{ eq . "false" | ternary "NO" (upper .) }}_PROXY
{{- end }}

{{- define "byodc.hasCredentials" -}}
{{- if regexMatch "(?i)password=|//[^/]*@" . }}true{{ end }}
{{- end }}
