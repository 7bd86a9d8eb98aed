{{/* Pods of the product. In one pod: operator and REST API, which share a SQLite file; with PostgreSQL each is a pod of its own. */}}

{{- define "oet.operatorContainer" -}}
- name: operator
  image: {{ include "oet.image" (list .Values.rest.image .) | quote }}
  imagePullPolicy: {{ .Values.rest.image.pullPolicy }}
  command: [oet-operator]
  env:
    - name: KUBE_NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    - name: OET_OPERATOR_IDENTITY
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    {{- include "oet.storeEnv" . | nindent 4 }}
    {{- if include "oet.database" . }}
    # One leads, the others stand by: ready all the same.
    - name: OET_STANDBY_READY
      value: "true"
    {{- end }}
    - name: PORT
      value: "8081"
    - name: LOG_LEVEL
      value: {{ .Values.operator.logLevel | quote }}
    - name: OET_CONCURRENT_STARTS
      value: {{ .Values.operator.concurrentStarts | quote }}
    - name: OET_TOLERANCE_SECONDS
      value: {{ .Values.operator.toleranceSeconds | quote }}
    - name: OET_SCRIPTS_PATH
      value: {{ .Values.scripts_location | quote }}
    - name: OET_SCRIPT_IMAGE
      value: {{ include "oet.image" (list .Values.scripts.image .) | quote }}
    - name: OET_SCRIPT_IMAGE_PULL_POLICY
      value: {{ .Values.scripts.image.pullPolicy }}
    - name: OET_SCRIPT_USER
      value: {{ ternary "" (.Values.scripts.user | toString) (eq .Values.scripts.user nil) | quote }}
    {{- $scriptEnv := include "oet.scriptEnv" . | fromJson }}
    - name: OET_SCRIPT_ENV
      value: {{ keys $scriptEnv | sortAlpha | join "," | quote }}
    {{- range $key, $value := $scriptEnv }}
    - name: {{ $key }}
      value: {{ $value | toString | quote }}
    {{- end }}
  ports:
    - {name: health, containerPort: 8081}
  livenessProbe: {{- mustMergeOverwrite (dict "httpGet" (dict "path" "/healthz" "port" "health")) (deepCopy .Values.operator.livenessProbe) | toYaml | nindent 4 }}
  readinessProbe: {{- mustMergeOverwrite (dict "httpGet" (dict "path" "/readyz" "port" "health")) (deepCopy .Values.operator.readinessProbe) | toYaml | nindent 4 }}
  resources: {{- toYaml .Values.operator.resources | nindent 4 }}
  securityContext: {{- include "oet.containerSecurity" . | nindent 4 }}
  volumeMounts: {{- include "oet.mounts" . | nindent 4 }}
{{- end -}}

{{- define "oet.restContainer" -}}
- name: rest
  image: {{ include "oet.image" (list .Values.rest.image .) | quote }}
  imagePullPolicy: {{ .Values.rest.image.pullPolicy }}
  command: [oet-rest]
  env:
    - name: KUBE_NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    {{- include "oet.storeEnv" . | nindent 4 }}
    - name: PORT
      value: "5000"
    - name: LOG_LEVEL
      value: {{ .Values.rest.logLevel | quote }}
    - name: SCRIPTS_LOCATION
      value: {{ .Values.scripts_location | quote }}
    - name: OET_HISTORY_LIMIT
      value: {{ .Values.rest.historyLimit | quote }}
    - name: OET_TRUST_PROXY
      value: {{ .Values.rest.trustProxy | quote }}
    {{- with .Values.rest.oda.url }}
    - name: ODA_URL
      value: {{ . | quote }}
    {{- end }}
    # For `oet` in this container: kubectl exec -c rest …
    - name: OET_URL
      value: {{ printf "http://127.0.0.1:5000/%s/oet/api/v7" .Release.Namespace | quote }}
  ports:
    - {name: rest, containerPort: 5000}
  {{- if include "oet.database" . }}
  # Until everybody knows that this pod takes no more connections.
  lifecycle: {preStop: {sleep: {seconds: 3}}}
  {{- end }}
  livenessProbe: {{- mustMergeOverwrite (dict "httpGet" (dict "path" "/healthz" "port" "rest")) (deepCopy .Values.rest.livenessProbe) | toYaml | nindent 4 }}
  readinessProbe: {{- mustMergeOverwrite (dict "httpGet" (dict "path" "/readyz" "port" "rest")) (deepCopy .Values.rest.readinessProbe) | toYaml | nindent 4 }}
  resources: {{- toYaml .Values.rest.resources | nindent 4 }}
  securityContext: {{- include "oet.containerSecurity" . | nindent 4 }}
  volumeMounts: {{- include "oet.mounts" . | nindent 4 }}
{{- end -}}

{{/* Arguments: list of the parts that run in the pod, and the context. */}}
{{- define "oet.podTemplate" -}}
{{- $parts := index . 0 -}}
{{- $part := first $parts -}}
{{- with index . 1 -}}
metadata:
  labels:
    {{- include "oet.labels" . | nindent 4 }}
    {{- if include "oet.database" . }}
    app.kubernetes.io/component: {{ $part }}
    {{- end }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "oet.serviceAccount" (list $part .) }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  terminationGracePeriodSeconds: 40
  securityContext:
    runAsNonRoot: true
    {{- if ne .Values.runAsUser nil }}
    runAsUser: {{ .Values.runAsUser | int }}
    runAsGroup: {{ .Values.runAsUser | int }}
    fsGroup: {{ .Values.runAsUser | int }}
    fsGroupChangePolicy: OnRootMismatch
    {{- end }}
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- if include "oet.database" . }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "oet.partSelector" (list $part .) | nindent 10 }}
  {{- end }}
  containers:
    {{- if has "operator" $parts }}
    {{- include "oet.operatorContainer" . | nindent 4 }}
    {{- end }}
    {{- if has "rest" $parts }}
    {{- include "oet.restContainer" . | nindent 4 }}
    {{- end }}
  volumes:
    {{- if include "oet.database" . }}
    {{- with .Values.store.postgresql.caSecret }}
    - name: postgresql-ca
      secret:
        secretName: {{ . | quote }}
    {{- end }}
    {{- else }}
    - name: store
      {{- if .Values.store.persistence.enabled }}
      persistentVolumeClaim:
        claimName: {{ .Values.store.persistence.existingClaim | default (include "oet.name" .) }}
      {{- else }}
      emptyDir:
        sizeLimit: {{ .Values.store.emptyDirSize }}
      {{- end }}
    {{- end }}
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    - name: scripts
      configMap:
        name: {{ printf "ska-oso-oet-scripts-%s" .Release.Name | trunc 63 | trimSuffix "-" }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}
