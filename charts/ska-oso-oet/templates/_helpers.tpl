{{/* Names carry the release's, so that several releases fit one namespace's objects; 63 characters at most. */}}
{{- define "oet.name" -}}
{{- printf "ska-oso-oet-%s" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Upstream's users know the service by this name. */}}
{{- define "oet.restName" -}}
{{- printf "ska-oso-oet-rest-%s" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Whether the journal is in PostgreSQL: "yes" or nothing. Then operator and REST API are pods of their own. */}}
{{- define "oet.database" -}}
{{- if .Values.store.postgresql.existingSecret -}}
yes
{{- else if or (gt (int .Values.operator.replicas) 1) (gt (int .Values.rest.replicas) 1) -}}
{{- fail "operator.replicas and rest.replicas above 1 need store.postgresql.existingSecret: a SQLite file has one pod" -}}
{{- end -}}
{{- end -}}

{{/* Name of what "operator" or "rest" has for itself. Arguments: list of the part and the context. */}}
{{- define "oet.partName" -}}
{{- printf "ska-oso-oet-%s-%s" (index . 0) (index . 1).Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Of operator or REST API: one for both in one pod, else one for each. Arguments: list of the part and the context. */}}
{{- define "oet.serviceAccount" -}}
{{- $context := index . 1 -}}
{{- $own := ternary (include "oet.partName" .) (include "oet.name" $context) (eq (include "oet.database" $context) "yes") -}}
{{- $context.Values.serviceAccount.name | default $own -}}
{{- end -}}

{{- define "oet.selector" -}}
app.kubernetes.io/name: ska-oso-oet
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The pods of "operator" or "rest": in one pod those of both. Arguments: list of the part and the context. */}}
{{- define "oet.partSelector" -}}
{{- include "oet.selector" (index . 1) }}
{{- if include "oet.database" (index . 1) }}
app.kubernetes.io/component: {{ index . 0 }}
{{- end }}
{{- end -}}

{{/* The label managed-by is helm's here; the operator's own pods have "oet". */}}
{{- define "oet.labels" -}}
{{ include "oet.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{/* Arguments: list of the image's values and the context. */}}
{{- define "oet.image" -}}
{{- $image := index . 0 -}}
{{- $context := index . 1 -}}
{{- $name := printf "%s:%s" $image.image ($image.tag | default $context.Chart.AppVersion) -}}
{{- if $image.registry }}{{ trimSuffix "/" $image.registry }}/{{ end }}{{ $name -}}
{{- end -}}

{{/* Whether this release brings the CRD: "yes" or nothing. A CRD of another owner is left alone, else helm refuses the install. */}}
{{- define "oet.installsCrd" -}}
{{- if eq .Values.crd.install "always" -}}
yes
{{- else if eq .Values.crd.install "auto" -}}
{{- $there := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" "procedures.oet.skao.int" -}}
{{- if not $there -}}
yes
{{- else -}}
{{- $annotations := $there.metadata.annotations | default dict -}}
{{- $name := index $annotations "meta.helm.sh/release-name" | default "" -}}
{{- $namespace := index $annotations "meta.helm.sh/release-namespace" | default "" -}}
{{- if and (eq $name .Release.Name) (eq $namespace .Release.Namespace) -}}
yes
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Environment that scripts see, as a map. */}}
{{- define "oet.scriptEnv" -}}
{{- $env := dict -}}
{{- if .Values.rest.oda.url -}}
{{- $_ := set $env "ODA_URL" .Values.rest.oda.url -}}
{{- end -}}
{{- mergeOverwrite $env (deepCopy .Values.scripts.env) | toJson -}}
{{- end -}}

{{- define "oet.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Where the journal is. */}}
{{- define "oet.storeEnv" -}}
- name: OET_STORE
{{- with .Values.store.postgresql }}
{{- if .existingSecret }}
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- if .caSecret }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/oet/postgresql-ca/ca.crt
{{- end }}
{{- else }}
  value: /var/lib/oet/journal.sqlite
{{- end }}
{{- end }}
{{- end -}}

{{/* Where both containers keep things. */}}
{{- define "oet.mounts" -}}
- name: tmp
  mountPath: /tmp
- name: scripts
  mountPath: {{ .Values.scripts_location | quote }}
  readOnly: true
{{- if not (include "oet.database" .) }}
- name: store
  mountPath: /var/lib/oet
{{- else if .Values.store.postgresql.caSecret }}
- name: postgresql-ca
  mountPath: /etc/oet/postgresql-ca
  readOnly: true
{{- end }}
{{- end -}}
