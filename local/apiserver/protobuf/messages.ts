/** One field of a protobuf message: its name in JSON and what it holds. */
export interface Field {
  name: string;
  /** A scalar, `map` (text), `bytesmap` (base64 in JSON), `quantitymap`, or the name of a message. */
  type: string;
  repeated?: true;
}

function message(text: string): Record<number, Field> {
  const fields: Record<number, Field> = {};
  for (const each of text.trim().split(/\s+/)) {
    const [number = '', name = '', type = ''] = each.split(':');
    fields[Number(number)] = type.endsWith('[]') ? { name, type: type.slice(0, -2), repeated: true } : { name, type };
  }
  return fields;
}

/**
 * Field numbers of the messages that kubectl sends as protobuf, from the generated.proto files of k8s.io/api and
 * k8s.io/apimachinery; fields that are not listed are skipped.
 */
export const MESSAGES: Record<string, Record<number, Field>> = {
  Unknown: message('1:typeMeta:TypeMeta 2:raw:bytes 3:contentEncoding:string 4:contentType:string'),
  TypeMeta: message('1:apiVersion:string 2:kind:string'),
  StringEntry: message('1:key:string 2:value:string'),
  BytesEntry: message('1:key:string 2:value:bytes'),
  QuantityEntry: message('1:key:string 2:value:Quantity'),
  Quantity: message('1:string:string'),
  IntOrString: message('1:type:int 2:intVal:int 3:strVal:string'),
  Time: message('1:seconds:int 2:nanos:int'),
  ObjectMeta: message(`1:name:string 2:generateName:string 3:namespace:string 5:uid:string 6:resourceVersion:string
    7:generation:int 8:creationTimestamp:time 9:deletionTimestamp:time 10:deletionGracePeriodSeconds:int 11:labels:map
    12:annotations:map 13:ownerReferences:OwnerReference[] 14:finalizers:string[]`),
  OwnerReference: message(
    '1:kind:string 3:name:string 4:uid:string 5:apiVersion:string 6:controller:bool 7:blockOwnerDeletion:bool',
  ),
  ConfigMap: message('1:metadata:ObjectMeta 2:data:map 3:binaryData:bytesmap 4:immutable:bool'),
  Secret: message('1:metadata:ObjectMeta 2:data:bytesmap 3:type:string 4:stringData:map 5:immutable:bool'),
  Namespace: message('1:metadata:ObjectMeta'),
  ServiceAccount: message(
    '1:metadata:ObjectMeta 2:secrets:ObjectReference[] 3:imagePullSecrets:LocalObjectReference[] 4:automountServiceAccountToken:bool',
  ),
  ObjectReference: message(
    '1:kind:string 2:namespace:string 3:name:string 4:uid:string 5:apiVersion:string 6:resourceVersion:string 7:fieldPath:string',
  ),
  LocalObjectReference: message('1:name:string'),
  Preconditions: message('1:uid:string 2:resourceVersion:string'),
  DeleteOptions: message(
    '1:gracePeriodSeconds:int 2:preconditions:Preconditions 3:orphanDependents:bool 4:propagationPolicy:string 5:dryRun:string[]',
  ),
  Eviction: message('1:metadata:ObjectMeta 2:deleteOptions:DeleteOptions'),
  Role: message('1:metadata:ObjectMeta 2:rules:PolicyRule[]'),
  ClusterRole: message('1:metadata:ObjectMeta 2:rules:PolicyRule[]'),
  PolicyRule: message(
    '1:verbs:string[] 2:apiGroups:string[] 3:resources:string[] 4:resourceNames:string[] 5:nonResourceURLs:string[]',
  ),
  RoleBinding: message('1:metadata:ObjectMeta 2:subjects:Subject[] 3:roleRef:RoleRef'),
  ClusterRoleBinding: message('1:metadata:ObjectMeta 2:subjects:Subject[] 3:roleRef:RoleRef'),
  Subject: message('1:kind:string 2:apiGroup:string 3:name:string 4:namespace:string'),
  RoleRef: message('1:apiGroup:string 2:kind:string 3:name:string'),
  SelfSubjectAccessReview: message('1:metadata:ObjectMeta 2:spec:AccessSpec'),
  AccessSpec: message('1:resourceAttributes:ResourceAttributes 2:nonResourceAttributes:NonResourceAttributes'),
  SubjectAccessReview: message('1:metadata:ObjectMeta 2:spec:SubjectAccessSpec'),
  SubjectAccessSpec: message(
    '1:resourceAttributes:ResourceAttributes 2:nonResourceAttributes:NonResourceAttributes 3:user:string 4:groups:string[] 6:uid:string',
  ),
  ResourceAttributes: message(
    '1:namespace:string 2:verb:string 3:group:string 4:version:string 5:resource:string 6:subresource:string 7:name:string',
  ),
  NonResourceAttributes: message('1:path:string 2:verb:string'),
  SelfSubjectReview: message('1:metadata:ObjectMeta'),
  TokenReview: message('1:metadata:ObjectMeta 2:spec:TokenReviewSpec'),
  TokenReviewSpec: message('1:token:string 2:audiences:string[]'),
  TokenRequest: message('1:metadata:ObjectMeta 2:spec:TokenRequestSpec'),
  TokenRequestSpec: message('1:audiences:string[] 3:boundObjectRef:BoundObjectReference 4:expirationSeconds:int'),
  BoundObjectReference: message('1:kind:string 2:apiVersion:string 3:name:string 4:uid:string'),
  SelfSubjectRulesReview: message('1:metadata:ObjectMeta 2:spec:RulesReviewSpec'),
  RulesReviewSpec: message('1:namespace:string'),
  ResourceQuota: message('1:metadata:ObjectMeta 2:spec:ResourceQuotaSpec'),
  ResourceQuotaSpec: message('1:hard:quantitymap 2:scopes:string[]'),
  PodDisruptionBudget: message('1:metadata:ObjectMeta 2:spec:PodDisruptionBudgetSpec'),
  PodDisruptionBudgetSpec: message(
    '1:minAvailable:intorstring 2:selector:LabelSelector 3:maxUnavailable:intorstring 4:unhealthyPodEvictionPolicy:string',
  ),
  LabelSelector: message('1:matchLabels:map 2:matchExpressions:LabelSelectorRequirement[]'),
  LabelSelectorRequirement: message('1:key:string 2:operator:string 3:values:string[]'),
  Service: message('1:metadata:ObjectMeta 2:spec:ServiceSpec'),
  ServiceSpec: message(`1:ports:ServicePort[] 2:selector:map 3:clusterIP:string 4:type:string 5:externalIPs:string[]
    7:sessionAffinity:string 8:loadBalancerIP:string 10:externalName:string 18:clusterIPs:string[]`),
  ServicePort: message(
    '1:name:string 2:protocol:string 3:port:int 4:targetPort:intorstring 5:nodePort:int 6:appProtocol:string',
  ),
};
