{{/*
An image, from the mirror where there is one: `dict "root" $ "image" .Values.redis.image "tag" "fallback"`.
The first part of a name is a registry if it has a dot or a port, or is localhost.
*/}}
{{- define "byodc.imageOf" -}}
{{- $name := .image.name }}
{{- with (default dict .root.Values.global).imageRegistry }}
{{- $parts := splitList "/" $name }}
{{- $first := first $parts }}
{{- if and (gt (len $parts) 1) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) }}
{{- $parts = rest $parts }}
{{- end }}
{{- $name = printf "%s/%s" (trimSuffix "/" .) (join "/" $parts) }}
{{- end }}
{{- $tag := .image.tag | default .tag | toString }}
{{- $name }}{{ ternary "@" ":" (hasPrefix "sha256:" $tag) }}{{ $tag }}
{{- end }}

{{/* The image of byodc, which every role runs from. */}}
{{- define "byodc.image" -}}
{{ include "byodc.imageOf" (dict "root" . "image" .Values.byodc.image "tag" .Chart.AppVersion) }}
{{- end }}

{{/* The line that says when an image is pulled, where the values say so: `dict "root" $ "image" … "otherwise" "Always"`. */}}
{{- define "byodc.pullPolicy" -}}
{{- with .image.pullPolicy | default (ternary "IfNotPresent" (.otherwise | default "") (default false .root.Values.local)) -}}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{/* Pull secrets of a pod: those of all images and the image's own. */}}
{{- define "byodc.pullSecrets" -}}
{{- $names := (default dict .root.Values.global).imagePullSecrets | default list }}
{{- with .image.pullSecret }}
{{- $names = append $names . }}
{{- end }}
{{- with $names | uniq }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}
