{{/*
Which cashbox `helm test` signs with: one that the values name, one of a Secret, or one that the bundled configuration
service serves for this alone. None is a choice, too.
*/}}

{{/* "true" where the bundled configuration service serves a cashbox for the test. */}}
{{- define "byodc.test.simulated" -}}
{{- $service := .Values.configService }}
{{- $test := .Values.test }}
{{- if and $service.enabled (not $service.existingSecret) $test.accessToken (not $test.cashboxId) }}true{{ end }}
{{- end }}

{{- define "byodc.test.cashboxId" -}}
{{- if .Values.test.cashboxId }}
{{- .Values.test.cashboxId }}
{{- else if include "byodc.test.simulated" . }}
{{- include "byodc.test.id" (dict "root" . "of" "cashbox") }}
{{- end }}
{{- end }}

{{- define "byodc.test.accessToken" -}}
{{- $known := get .Values.configService.cashboxes (.Values.test.cashboxId | default "none") | default dict }}
{{- .Values.test.accessToken | default (get $known "token") }}
{{- end }}

{{/* The Secret with cashboxId and accessToken; empty where nothing is signed. */}}
{{- define "byodc.test.secretName" -}}
{{- if .Values.test.existingSecret }}
{{- .Values.test.existingSecret }}
{{- else if include "byodc.test.cashboxId" . }}
{{- include "byodc.fullname" . }}-test
{{- end }}
{{- end }}

{{/* Ids of the simulated cashbox: the same at every upgrade, others in every installation. `dict "root" $ "of" "queue"`. */}}
{{- define "byodc.test.id" -}}
{{- $hash := printf "%s/%s/%s" .root.Release.Namespace .root.Release.Name .of | sha256sum }}
{{- printf "%s-%s-4%s-8%s-%s" (substr 0 8 $hash) (substr 8 12 $hash) (substr 13 16 $hash) (substr 17 20 $hash)
      (substr 20 32 $hash) }}
{{- end }}

{{/* The simulated cashbox as the configuration service serves it: one queue and one simulated TSE. */}}
{{- define "byodc.test.document" }}
{{- $cashbox := include "byodc.test.id" (dict "root" . "of" "cashbox") }}
{{- $queue := include "byodc.test.id" (dict "root" . "of" "queue") }}
{{- $scu := include "byodc.test.id" (dict "root" . "of" "scu") -}}
{
  "ftCashBoxId": "{{ $cashbox }}",
  "TimeStamp": 638990208000000000,
  "helpers": [],
  "ftSignaturCreationDevices": [
    { "Id": "{{ $scu }}", "Package": "Byodc.SCU.DE.Simulator", "Version": "latest", "Configuration": {}, "Url": [] }
  ],
  "ftQueues": [{
    "Id": "{{ $queue }}", "Package": "Byodc.Queue", "Version": "latest", "Url": [],
    "Configuration": {
      "init_ftCashBox": { "ftCashBoxId": "{{ $cashbox }}", "TimeStamp": 638990208000000000 },
      "init_ftQueue": [{
        "ftQueueId": "{{ $queue }}", "ftCashBoxId": "{{ $cashbox }}", "CountryCode": "DE", "Timeout": 15000,
        "TimeStamp": 638990208000000000
      }],
      "init_ftQueueDE": [{
        "ftQueueDEId": "{{ $queue }}", "ftSignaturCreationUnitDEId": "{{ $scu }}",
        "CashBoxIdentification": "HELM-TEST", "TimeStamp": 638990208000000000
      }],
      "init_ftSignaturCreationUnitDE": [{
        "ftSignaturCreationUnitDEId": "{{ $scu }}", "Url": "[\"simulator\"]", "TimeStamp": 638990208000000000, "Mode": 0
      }],
      "init_masterData": {
        "Account": { "AccountName": "helm test", "Country": "DE" },
        "Outlet": { "OutletName": "{{ .Release.Namespace }}", "Country": "DE" },
        "Agencies": [],
        "PosSystems": []
      }
    }
  }]
}
{{- end }}
