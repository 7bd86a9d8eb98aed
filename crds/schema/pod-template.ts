import { z } from 'zod';
import { GROUP } from '../constants.ts';
import { freeObject, integer, list, objectName, text, textMap, word } from './primitives.ts';
import { exactlyOneOf, withCheck } from './rules.ts';

const labelMap = (description: string) =>
  withCheck(
    textMap(64, 63, description),
    { rule: `self.all(key, !key.startsWith('${GROUP}/'))`, message: `labels of ${GROUP}/ belong to the operator` },
    (labels) => !Object.keys(labels).some((key) => key.startsWith(`${GROUP}/`)),
  );

/** A quantity as Kubernetes parses it. */
const QUANTITY = /^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;

const quantity = z
  .union([z.int().min(0), z.string().max(64).regex(QUANTITY)], 'expected a quantity, such as 500m or 1Gi')
  .meta({
    'x-kubernetes-int-or-string': true,
    pattern: QUANTITY.source,
    description: 'A quantity, such as 500m or 1Gi.',
  });

const Resources = z
  .strictObject({
    limits: z
      .record(z.string(), quantity)
      .meta({ maxProperties: 16, description: 'Most the script may use.' })
      .optional(),
    requests: z
      .record(z.string(), quantity)
      .meta({ maxProperties: 16, description: 'What is set aside for it.' })
      .optional(),
  })
  .meta({ description: 'CPU, memory and other resources.' });

const keyRef = (what: string) =>
  z
    .strictObject({
      name: objectName(`Name of the ${what}.`),
      key: word(253, 'Key whose value is taken.'),
      optional: z
        .boolean()
        .meta({ description: `Go on without the ${what} or the key.` })
        .optional(),
    })
    .meta({ description: `A key of a ${what}.` });

const ValueFrom = exactlyOneOf(
  z
    .strictObject({
      configMapKeyRef: keyRef('ConfigMap').optional(),
      secretKeyRef: keyRef('Secret').optional(),
      fieldRef: z
        .strictObject({
          apiVersion: text(64, 'Version of the path, v1.').optional(),
          fieldPath: word(253, 'Field of the pod, such as metadata.name.'),
        })
        .meta({ description: 'A field of the pod.' })
        .optional(),
    })
    .meta({ description: 'Where the value comes from, instead of value.' }),
  ['configMapKeyRef', 'secretKeyRef', 'fieldRef'],
);

const variableName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/)
  .meta({ description: 'Name of the variable.' });

const EnvVar = withCheck(
  z.strictObject({
    name: variableName,
    value: text(32_768, 'Its value.').optional(),
    valueFrom: ValueFrom.optional(),
  }),
  { rule: '!has(self.value) || !has(self.valueFrom)', message: 'value and valueFrom may not be given together' },
  (item) => item.value === undefined || item.valueFrom === undefined,
);

const sourceRef = (what: string) =>
  z
    .strictObject({
      name: objectName(`Name of the ${what}.`),
      optional: z
        .boolean()
        .meta({ description: `Go on without the ${what}.` })
        .optional(),
    })
    .meta({ description: `All keys of a ${what}.` });

const EnvFrom = exactlyOneOf(
  z.strictObject({
    prefix: text(253, 'Put before each name.').optional(),
    configMapRef: sourceRef('ConfigMap').optional(),
    secretRef: sourceRef('Secret').optional(),
  }),
  ['configMapRef', 'secretRef'],
);

const fileMode = (description: string) => integer(0, 0o777, description);

const items = list(
  z.strictObject({
    key: word(253, 'Key.'),
    path: word(1024, 'Relative path of its file.'),
    mode: fileMode('Mode bits of the file.').optional(),
  }),
  128,
  'atomic',
  'Keys to take; all without it.',
);

const Volume = exactlyOneOf(
  z.strictObject({
    name: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
      .meta({ description: 'Name, for volumeMounts.' }),
    emptyDir: z
      .strictObject({
        medium: z.enum(['', 'Memory']).meta({ description: 'Memory for a tmpfs.' }).optional(),
        sizeLimit: quantity.optional(),
      })
      .meta({ description: 'An empty folder that goes with the pod.' })
      .optional(),
    configMap: z
      .strictObject({
        name: objectName('Name of the ConfigMap.'),
        items: items.optional(),
        defaultMode: fileMode('Mode bits of the files.').optional(),
        optional: z.boolean().meta({ description: 'Go on without it.' }).optional(),
      })
      .meta({ description: 'A ConfigMap as files.' })
      .optional(),
    secret: z
      .strictObject({
        secretName: objectName('Name of the Secret.'),
        items: items.optional(),
        defaultMode: fileMode('Mode bits of the files.').optional(),
        optional: z.boolean().meta({ description: 'Go on without it.' }).optional(),
      })
      .meta({ description: 'A Secret as files.' })
      .optional(),
    persistentVolumeClaim: z
      .strictObject({
        claimName: objectName('Name of the claim.'),
        readOnly: z.boolean().meta({ description: 'Mount it read-only.' }).optional(),
      })
      .meta({ description: 'A claim in the same namespace.' })
      .optional(),
  }),
  ['emptyDir', 'configMap', 'secret', 'persistentVolumeClaim'],
);

const VolumeMount = z.strictObject({
  name: word(63, 'Name of the volume.'),
  mountPath: z
    .string()
    .min(2)
    .max(4096)
    .regex(/^\/[^:]+$/)
    .meta({ description: 'Absolute path in the container.' }),
  subPath: text(1024, 'Path within the volume.').optional(),
  readOnly: z.boolean().meta({ description: 'Mount it read-only.' }).optional(),
});

const Toleration = z.strictObject({
  key: text(317, 'Key of the taint; empty means all.').optional(),
  operator: z.enum(['Equal', 'Exists']).meta({ description: 'How value is compared.' }).optional(),
  value: text(63, 'Value of the taint.').optional(),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
    .meta({ description: 'Effect of the taint.' })
    .optional(),
  tolerationSeconds: integer(0, 31_536_000, 'How long NoExecute is tolerated, in seconds.').optional(),
});

/** What people may say about the script's pod. An allow-list: everything else is the operator's. */
export const PodTemplate = z
  .strictObject({
    labels: labelMap('More labels on the pod.').optional(),
    annotations: textMap(64, 65_536, 'Annotations on the pod.').optional(),
    resources: Resources.optional(),
    env: list(EnvVar, 256, { map: ['name'] }, 'Environment variables of the script.').optional(),
    envFrom: list(EnvFrom, 64, 'atomic', 'ConfigMaps and Secrets whose keys become variables.').optional(),
    volumes: list(Volume, 64, { map: ['name'] }, 'Volumes. A pod without any starts 0.3 s sooner.').optional(),
    volumeMounts: list(VolumeMount, 64, { map: ['mountPath'] }, 'Where the volumes are mounted.').optional(),
    nodeSelector: textMap(64, 63, 'Labels that the node must have.').optional(),
    tolerations: list(Toleration, 32, 'atomic', 'Taints of nodes that do not matter.').optional(),
    affinity: freeObject("Scheduling constraints, as in a pod's spec.affinity.").optional(),
    serviceAccountName: objectName('Service account. Its token is mounted only where one is named.').optional(),
    priorityClassName: objectName('Priority class.').optional(),
    imagePullSecrets: list(
      z.strictObject({ name: objectName('Name of the Secret.') }),
      16,
      { map: ['name'] },
      'Secrets for pulling the image.',
    ).optional(),
    imagePullPolicy: z
      .enum(['Always', 'IfNotPresent', 'Never'])
      .meta({ description: 'When the image is pulled.' })
      .optional(),
  })
  .meta({ description: "What the script's pod gets beyond the operator's own settings." });
