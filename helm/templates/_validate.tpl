{{/*
What no schema can see: values that contradict each other. Everything wrong is said at once, each with the names of both
values, before anything is installed.
*/}}
{{- define "byodc.validate" -}}
{{- $checks := list
      (include "byodc.validate.times" .)
      (include "byodc.validate.grace" .)
      (include "byodc.validate.ownership" .)
      (include "byodc.validate.journal" .)
      (include "byodc.validate.secrets" .)
      (include "byodc.validate.tls" .)
      (include "byodc.validate.configService" .)
      (include "byodc.validate.outgoingProxy" .)
      (include "byodc.validate.fcc" .)
      (include "byodc.validate.extras" .)
      (include "byodc.validate.existing" .) }}
{{- $faults := list }}
{{- range $checks }}
{{- range splitList "\n" . }}
{{- with trim . }}
{{- $faults = append $faults . }}
{{- end }}
{{- end }}
{{- end }}
{{- with $faults }}
{{- fail (printf "these values cannot be installed:\n  - %s" (join "\n  - " .)) }}
{{- end }}
{{- end }}

{{/* The rules of shared/src/timings.rs, with the values' names: a takeover from a silent pod takes its lease and 3 s. */}}
{{- define "byodc.validate.times" -}}
{{- $lease := include "byodc.number" .Values.byodc.lease.seconds | int64 }}
{{- $renew := include "byodc.number" .Values.byodc.lease.renewSeconds | int64 }}
{{- $all := include "byodc.timeout.deadline" . | int64 }}
{{- $connect := include "byodc.timeout.connect" . | int64 }}
{{- $takeover := mul (add $lease 3) 1000 }}
{{- if gt (mul $renew 2) $lease }}
byodc.lease.renewSeconds = {{ $renew }} is more than half of byodc.lease.seconds = {{ $lease }}: one lost renewal would look like a dead pod
{{- end }}
{{- if lt $all $takeover }}
byodc.config.timeout.all = {{ $all }} ms is shorter than a takeover from a silent pod, byodc.lease.seconds = {{ $lease }} and 3 s more
{{- end }}
{{- if lt $all $connect }}
byodc.config.timeout.all = {{ $all }} ms is shorter than byodc.config.timeout.connect = {{ $connect }} ms: no other pod could be asked
{{- end }}
{{- if gt $all 3600000 }}
byodc.config.timeout.all = {{ $all }} ms is longer than an hour; 0 means the longest there is
{{- end }}
{{- if or (lt $connect 10) (gt $connect 600000) }}
byodc.config.timeout.connect = {{ $connect }} ms is not within 10 and 600000
{{- end }}
{{- if lt (int64 .Values.proxy.drain.requestSeconds) (add $lease 3) }}
proxy.drain.requestSeconds = {{ int64 .Values.proxy.drain.requestSeconds }} is shorter than a takeover from a silent pod, byodc.lease.seconds = {{ $lease }} and 3 s more
{{- end }}
{{- end }}

{{- define "byodc.validate.grace" -}}
{{- $needed := include "byodc.grace.needed" . | int64 }}
{{- $proxyNeeded := include "byodc.proxy.grace.needed" . | int64 }}
{{- if lt (include "byodc.grace.period" . | int64) $needed }}
byodc.terminationGracePeriodSeconds = {{ include "byodc.grace.period" . }} is shorter than the sum of byodc.drain = {{ $needed }}: pods would be killed while they hand over
{{- end }}
{{- if lt (include "byodc.proxy.grace.period" . | int64) $proxyNeeded }}
proxy.terminationGracePeriodSeconds = {{ include "byodc.proxy.grace.period" . }} is shorter than the sum of proxy.drain = {{ $proxyNeeded }}: requests would be cut off
{{- end }}
{{- $hooks := dict "byodc" .Values.byodc.drain.preStopSeconds "proxy" .Values.proxy.drain.preStopSeconds }}
{{- range $section, $seconds := $hooks }}
{{- if and (gt (int64 $seconds) 0) (semverCompare "<1.30-0" $.Capabilities.KubeVersion.Version) }}
{{ $section }}.drain.preStopSeconds = {{ int64 $seconds }} needs Kubernetes 1.30, this is {{ $.Capabilities.KubeVersion.Version }}; leave it 0
{{- end }}
{{- end }}
{{- end }}

{{/* Pods that do not see each other would each serve every cashbox; the database would stop it, receipt by receipt. */}}
{{- define "byodc.validate.ownership" -}}
{{- $redis := .Values.byodc.config.redis }}
{{- $ownership := or .Values.ownership.url .Values.ownership.existingSecret }}
{{- $autoscaling := and .Values.byodc.autoscaling .Values.byodc.autoscaling.enabled }}
{{- $byHand := include "byodc.env.shared" . | fromYamlArray }}
{{- if and .Values.redis.enabled (include "byodc.redis.hostIsBundled" .) }}
{{- range $value := list "tls" "user" "sentinelService" }}
{{- with get $redis $value }}
redis.enabled = true but byodc.config.redis.{{ $value }} = {{ . }}, which the bundled Redis does not know
{{- end }}
{{- end }}
{{- end }}
{{- if not $redis.host }}
{{- if .Values.redis.enabled }}
redis.enabled = true but byodc.config.redis.host is empty: the bundled Redis would run for nobody
{{- end }}
{{- if not (or $ownership $byHand) }}
{{- if gt (int64 .Values.byodc.config.replicas) 1 }}
byodc.config.replicas = {{ int64 .Values.byodc.config.replicas }} but byodc.config.redis.host and ownership.url are empty: pods without either do not know of each other
{{- end }}
{{- if $autoscaling }}
byodc.autoscaling.enabled = true but byodc.config.redis.host and ownership.url are empty: pods without either do not know of each other
{{- end }}
{{- end }}
{{- end }}
{{- if and $ownership $redis.host }}
ownership.{{ ternary "url" "existingSecret" (not (not .Values.ownership.url)) }} and byodc.config.redis.host = {{ $redis.host }} are both set: ownership is recorded in one place; with a database set host to "" and redis.enabled to false
{{- end }}
{{- if hasPrefix "sqlite:" (default "" .Values.ownership.url) }}
ownership.url is a SQLite file, which pods do not share: use mysql:// or postgres://
{{- end }}
{{- end }}

{{- define "byodc.validate.journal" -}}
{{- $autoscaling := and .Values.byodc.autoscaling .Values.byodc.autoscaling.enabled }}
{{- if hasPrefix "sqlite:" (default "" .Values.journal.url) }}
{{- if gt (int64 .Values.byodc.config.replicas) 1 }}
journal.url is a SQLite file but byodc.config.replicas = {{ int64 .Values.byodc.config.replicas }}: pods do not share a file
{{- end }}
{{- if $autoscaling }}
journal.url is a SQLite file but byodc.autoscaling.enabled = true: pods do not share a file
{{- end }}
{{- end }}
{{- end }}

{{/* A secret has one source. */}}
{{- define "byodc.validate.secrets" -}}
{{- $pairs := list
      (list "journal.url" .Values.journal.url "journal.existingSecret" .Values.journal.existingSecret)
      (list "ownership.url" .Values.ownership.url "ownership.existingSecret" .Values.ownership.existingSecret)
      (list "configuration.key" .Values.configuration.key "configuration.existingSecret" .Values.configuration.existingSecret)
      (list "configuration.previousKey" .Values.configuration.previousKey "configuration.existingSecret" .Values.configuration.existingSecret)
      (list "trustedAuthorities.configMap" .Values.trustedAuthorities.configMap "trustedAuthorities.secret" .Values.trustedAuthorities.secret)
      (list "tracing.headers" .Values.tracing.headers "tracing.existingSecret" .Values.tracing.existingSecret)
      (list "byodc.config.redis.password" .Values.byodc.config.redis.password "byodc.config.redis.existingSecret" .Values.byodc.config.redis.existingSecret)
      (list "configService.cashboxes" .Values.configService.cashboxes "configService.existingSecret" .Values.configService.existingSecret) }}
{{- range $pairs }}
{{- if and (index . 1) (index . 3) }}
{{ index . 0 }} and {{ index . 2 }} are both set: it has one source
{{- end }}
{{- end }}
{{- range $name := list "key" "previousKey" }}
{{- range splitList "," (default "" (get $.Values.configuration $name)) }}
{{- if and . (not (regexMatch "^[0-9a-fA-F]{64}$" .)) (ne (len (b64dec .)) 32) }}
configuration.{{ $name }} is not 32 bytes as base64 (openssl rand -base64 32) or as 64 hexadecimal digits
{{- end }}
{{- end }}
{{- end }}
{{- if and (or .Values.tracing.headers .Values.tracing.existingSecret) (not .Values.tracing.endpoint) }}
tracing.{{ ternary "headers" "existingSecret" (not (empty .Values.tracing.headers)) }} is set but tracing.endpoint is empty: there is no collector to send them to
{{- end }}
{{- if contains "," (default "" .Values.byodc.config.redis.password) }}
byodc.config.redis.password contains a comma, which ends it in Redis__ConnectionString
{{- end }}
{{- end }}

{{- define "byodc.validate.tls" -}}
{{- $tls := .Values.loadbalancer.config.tls }}
{{- $managed := and .Values.tls .Values.tls.certManager .Values.tls.certManager.enabled }}
{{- $literal := include "byodc.tls.literal" . }}
{{- if and $literal $tls.existingSecret }}
loadbalancer.config.tls.existingSecret and a literal certificate in loadbalancer.config.tls are both set: a certificate has one source
{{- end }}
{{- if and $managed (or $literal $tls.existingSecret) }}
tls.certManager.enabled and {{ ternary "a literal certificate in loadbalancer.config.tls" "loadbalancer.config.tls.existingSecret" (not (not $literal)) }} are both set: a certificate has one source
{{- end }}
{{- range list (list "crt" "crtBase64") (list "key" "keyBase64") }}
{{- if and (get $tls (first .)) (get $tls (last .)) }}
loadbalancer.config.tls.{{ first . }} and loadbalancer.config.tls.{{ last . }} are both set: give one of them
{{- end }}
{{- end }}
{{- if and (or $tls.crt $tls.crtBase64) (not (or $tls.key $tls.keyBase64)) }}
loadbalancer.config.tls has a certificate but neither key nor keyBase64
{{- end }}
{{- if and (or $tls.key $tls.keyBase64) (not (or $tls.crt $tls.crtBase64)) }}
loadbalancer.config.tls has a key but neither crt nor crtBase64
{{- end }}
{{- range $name := list "crt" "key" "crtBase64" "keyBase64" }}
{{- $text := default "" (get $tls $name) }}
{{- if and $text (not (contains "-----BEGIN" (hasSuffix "64" $name | ternary (nospace $text | b64dec) $text))) }}
loadbalancer.config.tls.{{ $name }} is no PEM{{ if hasSuffix "64" $name }} as base64{{ end }}: it has no line -----BEGIN
{{- end }}
{{- end }}
{{- if and .Values.emissary.tls (not (include "byodc.tls.given" .)) }}
emissary.tls = true but loadbalancer.config.tls has no certificate (crt and key, crtBase64 and keyBase64, or existingSecret), nor is tls.certManager.enabled
{{- end }}
{{- if and .Values.emissary.tls (eq (toString $tls.enabled) "false") }}
emissary.tls = true but loadbalancer.config.tls.enabled = false
{{- end }}
{{- if and (eq (toString $tls.enabled) "true") (not (include "byodc.tls.given" .)) }}
loadbalancer.config.tls.enabled = true but there is no certificate: give crt and key, crtBase64 and keyBase64, existingSecret, or tls.certManager.enabled
{{- end }}
{{- end }}

{{- define "byodc.validate.configService" -}}
{{- $service := .Values.configService }}
{{- $sandbox := "https://helipad-sandbox.fiskaltrust.cloud" }}
{{- if and $service.enabled (ne .Values.byodc.config.helipad.baseUrl $sandbox) }}
configService.enabled = true but byodc.config.helipad.baseUrl = {{ .Values.byodc.config.helipad.baseUrl }}: cashboxes are described in one place
{{- end }}
{{- if and $service.enabled (not (or $service.cashboxes $service.existingSecret (include "byodc.test.simulated" .))) }}
configService.enabled = true but configService.cashboxes and configService.existingSecret are empty: it would serve nothing
{{- end }}
{{- end }}

{{/* The original took regular expressions for what goes past its proxy; NO_PROXY has hosts, domains and networks. */}}
{{- define "byodc.validate.outgoingProxy" -}}
{{- if kindIs "string" .Values.byodc.proxy }}
{{- range splitList ";" .Values.byodc.proxy }}
{{- if regexMatch "(?i)^\\s*bypass\\s*=" . }}
{{- $value := splitList "=" . | rest | join "=" | trim }}
{{- if not (include "byodc.outgoingProxy.isHost" $value) }}
byodc.proxy has bypass={{ $value }}, a regular expression for more than one host: leave it out and name hosts, domains or networks as NO_PROXY in byodc.config.env
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A connector is named by its id alone, like the chart's own objects. */}}
{{- define "byodc.validate.fcc" -}}
{{- $taken := list "byodc" "byodc-admin" "byodc-config-service" "byodc-pods" "byodc-proxy" "byodc-proxy-metrics" "mysql" "redis" }}
{{- range .Values.fcc.instances }}
{{- if has .vtssId $taken }}
fcc.instances: the vtssId {{ .vtssId }} comes twice, or is the name of an object of this chart
{{- end }}
{{- $taken = append $taken .vtssId }}
{{- if and .vtssSecret .existingSecret }}
fcc.instances: vtssSecret and existingSecret of {{ .vtssId }} are both set: a secret has one source
{{- else if not (or .vtssSecret .existingSecret) }}
fcc.instances: {{ .vtssId }} has neither vtssSecret nor existingSecret
{{- end }}
{{- end }}
{{- end }}
