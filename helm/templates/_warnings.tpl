{{/*
What installs, but should not stay as it is: one line each, beginning with the value to change. NOTES prints them.
*/}}
{{- define "byodc.warnings" -}}
{{- include "byodc.warnings.redis" . }}
{{- include "byodc.warnings.databases" . }}
{{- include "byodc.warnings.images" . }}
{{- include "byodc.warnings.access" . }}
{{- include "byodc.warnings.simulated" . }}
{{- end }}

{{/* A host may be a template, and may name its namespace: redis, redis.shops, redis.shops.svc.cluster.local. */}}
{{- define "byodc.redis.hostIsBundled" -}}
{{- $host := tpl (default "" .Values.byodc.config.redis.host) . }}
{{- $full := printf "redis.%s.svc." .Release.Namespace }}
{{- if hasPrefix (printf "%s." $host) $full }}true{{ else if hasPrefix $full (printf "%s." $host) }}true{{ end }}
{{- end }}

{{- define "byodc.warnings.redis" -}}
{{- $host := .Values.byodc.config.redis.host }}
{{- $bundled := include "byodc.redis.hostIsBundled" . }}
{{- if and .Values.redis.enabled $bundled }}
redis.enabled: the bundled Redis is one pod that keeps nothing. Cashboxes survive its loss, but while it is away none moves by
plan. For real use set byodc.config.redis.host to your own and redis.enabled=false.
{{- else if .Values.redis.enabled }}
redis.enabled: byodc.config.redis.host is {{ $host }}, so the bundled Redis runs for nobody. Set redis.enabled=false.
{{- else if $bundled }}
byodc.config.redis.host: it is still {{ $host }}, but redis.enabled is false, so this chart makes no such Service.
{{- end }}
{{- end }}

{{- define "byodc.warnings.databases" -}}
{{- if .Values.mysql.enabled }}
mysql.enabled: the bundled database is one pod with one volume. For real use bring your own and set journal.existingSecret.
{{- if and (not .Values.mysql.existingSecret) (has "password" (list .Values.mysql.rootPassword .Values.mysql.password)) }}
mysql.rootPassword, mysql.password: at least one of them is the default, which everybody knows.
{{- end }}
{{- else if not (or .Values.journal.url .Values.journal.existingSecret) }}
journal: the pods have no journal of their own. Only cashboxes whose configuration names a MySQL database are served; others are
refused. Set journal.existingSecret to a database for them.
{{- end }}
{{- if not (or .Values.configuration.key .Values.configuration.existingSecret) }}
configuration.key: without it no copy of a configuration is kept, so a cashbox does not start while the configuration service is
away.
{{- end }}
{{- end }}

{{/* A tag that comes to mean another image by itself: no version, or one without its last number. */}}
{{- define "byodc.floatingTag" -}}
{{- if regexMatch "^([a-z]+|v?[0-9]+(\\.[0-9]+)?(-.*)?)$" (toString .) }}true{{ end }}
{{- end }}

{{- define "byodc.warnings.images" -}}
{{- $image := .Values.byodc.image }}
{{- if or (hasPrefix "ghcr.io/fiskaltrust/" $image.name) (hasSuffix "-buster" (default "" $image.tag)) }}
byodc.image: {{ $image.name }}{{ with $image.tag }}:{{ . }}{{ end }} is an image of the product that this one replaces.
Take byodc.image out of your values.
{{- end }}
{{- $images := dict "byodc.image.tag" $image.tag }}
{{- if .Values.fcc.instances }}
{{- $_ := set $images "fcc.image.tag" .Values.fcc.image.tag }}
{{- end }}
{{- if .Values.redis.enabled }}
{{- $_ := set $images "redis.image.tag" .Values.redis.image.tag }}
{{- end }}
{{- if .Values.mysql.enabled }}
{{- $_ := set $images "mysql.image.tag" .Values.mysql.image.tag }}
{{- end }}
{{- range $name, $tag := $images }}
{{- if and $tag (include "byodc.floatingTag" $tag) }}
{{ $name }}: {{ $tag }} becomes another image by itself, in some pods before others. Name a version or a digest.
{{- end }}
{{- end }}
{{- end }}

{{- define "byodc.warnings.access" -}}
{{- $admin := .Values.admin }}
{{- if not (or $admin.keys $admin.existingSecret) }}
admin.keys: there are none, so whoever reaches port 8081 of a pod may read; changes are refused. byodc admin-key NAME makes one.
{{- end }}
{{- if not (or $admin.peerKey $admin.existingSecret) }}
admin.peerKey: there is none, so pods take each other's word, and that of whoever reaches their port 8081.
{{- end }}
{{- if .Values.emissary.use }}
emissary.use: Emissary is one more step in front of the proxies, which know by themselves where each cashbox is.
{{- else if eq (include "byodc.proxy.serviceType" .) "LoadBalancer" }}
{{- if not (include "byodc.tls.enabled" .) }}
loadbalancer.config.tls: there is no certificate, so access tokens travel in the clear to a load balancer.
{{- else if .Values.proxy.service.http }}
proxy.service.http: port 80 of the load balancer answers without TLS, too. Set it to false once no POS uses it.
{{- end }}
{{- end }}
{{- end }}

{{- define "byodc.warnings.simulated" -}}
{{- $directory := false }}
{{- range compact (.Values.byodc.config.env | default list) }}
{{- if eq (lower .name) "byodc__simulator__directory" }}
{{- $directory = true }}
{{- end }}
{{- end }}
{{- $simulated := 0 }}
{{- range $cashbox := ternary .Values.configService.cashboxes dict .Values.configService.enabled }}
{{- if regexMatch "(?i)byodc\\.scu\\.de\\.simulator|fiskaltrust\\.middleware\\.scu\\.de\\.inmemory" (toString $cashbox.document) }}
{{- $simulated = add1 $simulated }}
{{- end }}
{{- end }}
{{- if and $simulated (not $directory) }}
configService.cashboxes: {{ $simulated }} of them sign with a simulated TSE, which lives in the memory of one pod and is lost when its
cashbox moves, as each rollout moves it. Give the pods a shared directory: Byodc__Simulator__Directory in byodc.config.env, on a volume.
{{- end }}
{{- if and (include "byodc.test.simulated" .) (not $directory) }}
test.accessToken: the simulated TSE of the test's cashbox lives in the memory of one pod, so helm test fails once the cashbox has moved.
Give the pods a shared directory: Byodc__Simulator__Directory in byodc.config.env, on a volume.
{{- end }}
{{- end }}
