{{/* Contradictions among the values around the core, one per line: part of `byodc.validate`. */}}
{{- define "byodc.validate.extras" -}}
{{- include "byodc.validate.frontDoor" . }}
{{- include "byodc.validate.certificate" . }}
{{- include "byodc.validate.scaling" . }}
{{- include "byodc.validate.monitoring" . }}
{{- include "byodc.validate.credentials" . }}
{{- end }}

{{/* What stands in front speaks plain HTTP to Service byodc-proxy. */}}
{{- define "byodc.validate.frontDoor" -}}
{{- $inFront := dict "ingress.enabled" .Values.ingress.enabled "gateway.enabled" .Values.gateway.enabled
      "emissary.use" .Values.emissary.use }}
{{- range $name, $used := $inFront }}
{{- if and $used (not (include "byodc.proxy.plainHttp" $)) }}
{{ $name }} = true but proxy.service.http = false: it reaches the proxies on port 80
{{- end }}
{{- end }}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) }}
gateway.enabled = true but gateway.parentRefs is empty: the route would hang on no Gateway
{{- end }}
{{- end }}

{{- define "byodc.validate.certificate" -}}
{{- with .Values.tls.certManager }}
{{- if and .enabled (not .issuerRef.name) }}
tls.certManager.enabled = true but tls.certManager.issuerRef.name is empty: nobody would sign
{{- end }}
{{- if and .enabled (not .dnsNames) }}
tls.certManager.enabled = true but tls.certManager.dnsNames is empty: give the names under which POS reach the proxies
{{- end }}
{{- end }}
{{- end }}

{{/* How many pods there may be, and how many may be missing. */}}
{{- define "byodc.validate.scaling" -}}
{{- $roles := dict "byodc" .Values.byodc "proxy" .Values.proxy }}
{{- range $role, $values := $roles }}
{{- $scaling := $values.autoscaling }}
{{- if and $scaling.enabled (gt (int64 $scaling.minReplicas) (int64 $scaling.maxReplicas)) }}
{{ $role }}.autoscaling.minReplicas = {{ int64 $scaling.minReplicas }} is more than {{ $role }}.autoscaling.maxReplicas = {{ int64 $scaling.maxReplicas }}
{{- end }}
{{- if not (or (kindIs "invalid" $values.pdb.minAvailable) (kindIs "invalid" $values.pdb.maxUnavailable)) }}
{{ $role }}.pdb.minAvailable = {{ $values.pdb.minAvailable }} and {{ $role }}.pdb.maxUnavailable = {{ $values.pdb.maxUnavailable }} are both set: Kubernetes takes one
{{- end }}
{{- end }}
{{- $scaling := .Values.byodc.autoscaling }}
{{- if and $scaling.enabled (not (or $scaling.cashboxesPerPod $scaling.inFlightPerPod $scaling.metrics)) }}
byodc.autoscaling.enabled = true but byodc.autoscaling.cashboxesPerPod, .inFlightPerPod and .metrics are empty: nothing would be counted
{{- end }}
{{- $drain := include "byodc.drain.seconds" . | int64 }}
{{- if and $scaling.enabled (lt (int64 $scaling.scaleDown.periodSeconds) $drain) }}
byodc.autoscaling.scaleDown.periodSeconds = {{ int64 $scaling.scaleDown.periodSeconds }} is shorter than byodc.drain may take, {{ $drain }} s: the next pod would go while one still hands over
{{- end }}
{{- end }}

{{- define "byodc.validate.monitoring" -}}
{{- if and .Values.metrics.podMonitor.enabled (include "byodc.serviceMonitor.enabled" .) }}
metrics.podMonitor.enabled and {{ ternary "prometheus.deployServiceMonitor" "metrics.serviceMonitor.enabled" .Values.prometheus.deployServiceMonitor }} are both true: every figure would be counted twice
{{- end }}
{{- end }}

{{- define "byodc.validate.credentials" -}}
{{- $admin := .Values.admin }}
{{- if and $admin.existingSecret (or $admin.keys $admin.peerKey) }}
admin.existingSecret and {{ ternary "admin.keys" "admin.peerKey" (not (empty $admin.keys)) }} are both set: a secret has one source
{{- end }}
{{- range splitList "," (default "" $admin.peerKey) }}
{{- if and $admin.peerKey (lt (len .) 32) }}
admin.peerKey: each key needs 32 characters at least
{{- end }}
{{- end }}
{{- $names := list }}
{{- $digests := list }}
{{- range $admin.keys }}
{{- $digest := .sha256 | default (sha256sum (default "" .key)) | lower }}
{{- if has .name $names }}
admin.keys: the name {{ .name }} comes twice; the audit log could not tell them apart
{{- end }}
{{- if eq (empty .key) (empty .sha256) }}
admin.keys: {{ .name }} needs exactly one of key and sha256
{{- else if has $digest $digests }}
admin.keys: {{ .name }} has the key of an entry before it; the audit log could not tell them apart
{{- end }}
{{- if and .key (lt (len .key) 32) }}
admin.keys: the key of {{ .name }} has fewer than 32 characters; `byodc admin-key` makes one
{{- end }}
{{- $names = append $names .name }}
{{- $digests = append $digests $digest }}
{{- end }}
{{- $test := .Values.test }}
{{- if and $test.existingSecret (or $test.cashboxId $test.accessToken) }}
test.existingSecret and {{ ternary "test.cashboxId" "test.accessToken" (not (empty $test.cashboxId)) }} are both set: a secret has one source
{{- end }}
{{- if and $test.cashboxId (not (include "byodc.test.accessToken" .)) }}
test.cashboxId = {{ $test.cashboxId }} but test.accessToken is empty, and configService.cashboxes does not have it
{{- end }}
{{- if and $test.accessToken (not (include "byodc.test.cashboxId" .)) }}
test.accessToken is set but test.cashboxId is empty: a cashbox is made for the test only where configService.enabled without configService.existingSecret
{{- end }}
{{- end }}
