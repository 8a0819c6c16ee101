{{/* Everything a backend pod is told. */}}
{{- define "byodc.backend.env" -}}
{{- $own := list
      (include "byodc.backend.env.pod" .)
      (include "byodc.env.ownership" .)
      (include "byodc.backend.env.configurations" .)
      (include "byodc.backend.env.journal" .)
      (include "byodc.env.outgoingProxy" .)
      (include "byodc.backend.env.stop" .)
      (include "byodc.env.admin" .)
      (include "byodc.env.peer" .)
      (include "byodc.env.telemetry" .)
      (include "byodc.authorities.env" .) | join "\n" }}
{{- include "byodc.env" (dict "own" $own "given" .Values.byodc.config.env) }}
{{- end }}

{{/* Who the pod is, where it listens, and where others find it: pods reach each other by address. The family is the
     cluster's: [::] takes both, and the binary reads fd00::7:80, which POD_IP:80 is where POD_IP is of IPv6. */}}
{{- define "byodc.backend.env.pod" -}}
- name: POD_IP
  valueFrom:
    fieldRef: { fieldPath: status.podIP }
- name: Byodc__Pod__Name
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
- name: Byodc__Pod__Address
  value: $(POD_IP):80
- name: Byodc__Pod__AdminAddress
  value: $(POD_IP):8081
- name: Byodc__Pod__Generation
  valueFrom:
    fieldRef: { fieldPath: "metadata.labels['pod-template-hash']" }
- name: Byodc__Http__Listen
  value: "[::]:80"
- name: Byodc__Metrics__Listen
  value: "[::]:8080"
- name: Byodc__Admin__Listen
  value: "[::]:8081"
- name: Byodc__Http__BodyBytesMax
  value: {{ include "byodc.number" .Values.byodc.config.bodyBytesMax | quote }}
{{- with .Values.byodc.deletionCost.seconds }}
- name: Byodc__Kubernetes__DeletionCostSeconds
  value: {{ include "byodc.number" . | quote }}
{{- end }}
{{- end }}

{{/* Where cashboxes are described, and how a copy of that is sealed. */}}
{{- define "byodc.backend.env.configurations" -}}
{{- $configuration := .Values.configuration }}
- name: Helipad__BaseUrl
  value: {{ include "byodc.helipad.baseUrl" . | quote }}
{{- with .Values.byodc.config.posApi.baseUrl }}
- name: PosApi__BaseUrl
  value: {{ . | quote }}
{{- end }}
{{- with .Values.byodc.config.applicationInsights.instrumentationKey }}
- name: ApplicationInsights__InstrumentationKey
  value: {{ . | quote }}
{{- end }}
{{- with include "byodc.secret.from" (dict "root" . "key" "Byodc__Configuration__Key" "value" $configuration.key
      "existing" $configuration.existingSecret "existingKey" $configuration.existingSecretKey) }}
- name: Byodc__Configuration__Key
  {{- . | nindent 2 }}
{{- end }}
{{- with include "byodc.secret.from" (dict "root" . "key" "Byodc__Configuration__PreviousKey"
      "value" $configuration.previousKey
      "existing" (and $configuration.existingSecretPreviousKey $configuration.existingSecret)
      "existingKey" $configuration.existingSecretPreviousKey) }}
- name: Byodc__Configuration__PreviousKey
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "byodc.helipad.baseUrl" -}}
{{- $own := printf "http://%s:8090" (include "byodc.configService.fullname" .) }}
{{- ternary $own .Values.byodc.config.helipad.baseUrl .Values.configService.enabled }}
{{- end }}

{{/* Where receipts are kept. "none" is said in as many words: the default would be a file that dies with the pod. */}}
{{- define "byodc.backend.env.journal" -}}
{{- $journal := .Values.journal }}
{{- $bundled := and .Values.mysql.enabled (not $journal.url) (not $journal.existingSecret) }}
{{- $secret := ternary (include "byodc.mysql.secretName" .) $journal.existingSecret $bundled }}
{{- $key := ternary "url" $journal.existingSecretKey $bundled }}
- name: Byodc__Journal__Url
{{- with include "byodc.secret.from" (dict "root" . "key" "Byodc__Journal__Url" "value" $journal.url
      "existing" $secret "existingKey" $key) }}
  {{- . | nindent 2 }}
{{- else }}
  value: none
{{- end }}
{{- end }}

{{/* How it stops: the times of which its grace period is made. */}}
{{- define "byodc.backend.env.stop" -}}
- name: Byodc__Drain__Seconds
  value: {{ include "byodc.drain.seconds" . | quote }}
- name: Byodc__Drain__GraceSeconds
  value: {{ sub (include "byodc.grace.period" .) .Values.byodc.drain.preStopSeconds | quote }}
{{- end }}
