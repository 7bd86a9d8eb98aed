import { z } from 'zod';
import { LIMITS } from '../constants.ts';
import { objectName, word } from './primitives.ts';
import { atMostOneOf, exactlyOneOf, withCheck } from './rules.ts';

/** Refs and addresses that begin with a dash would be read as options by git. */
const REF = /^[^\s-]\S*$/;
/** One line of a requirements file, but no option. */
const REQUIREMENT = /^[^\s-][^\n\r]*$/;

function ref(max: number, description: string): z.ZodString {
  return z.string().min(1).max(max).regex(REF).meta({ description });
}

const configMapKey = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9._-]+$/)
  .meta({ description: 'Key of the ConfigMap whose value is the script.' });

/** A script in a ConfigMap. */
const ConfigMapScript = z.strictObject({
  name: objectName("Name of a ConfigMap in the Procedure's namespace."),
  key: configMapKey,
});

const path = withCheck(
  z.string().min(1).max(4096).regex(/^[^/]/).meta({ description: 'Path of the script within the repository.' }),
  { rule: "!self.matches('(^|/)[.][.](/|$)')", message: 'must stay within the repository: ".." is not allowed' },
  (value) => !value.split('/').includes('..'),
);

const repo = withCheck(
  ref(2048, 'Address of the repository: https, ssh or a path that the operator can read.'),
  { rule: "!self.matches('^[A-Za-z0-9+.-]+::')", message: "git's remote helpers (transport::address) are not allowed" },
  (value) => !/^[A-Za-z0-9+.-]+::/.test(value),
);

/** A script in a git repository. */
export const GitScript = atMostOneOf(
  z.strictObject({
    repo,
    path,
    branch: ref(
      255,
      'Branch to take. Without branch, tag and commit: the default branch of the repository.',
    ).optional(),
    tag: ref(255, 'Tag to take.').optional(),
    commit: z
      .string()
      .min(4)
      .max(64)
      .regex(/^[0-9a-fA-F]+$/)
      .meta({ description: 'Commit to take, in hexadecimal.' })
      .optional(),
    secretRef: z
      .strictObject({ name: objectName('Name of the Secret.') })
      .meta({
        description:
          "Secret of the Procedure's namespace with the credentials for the repository: username and password, or ssh-privatekey and known_hosts. The pod mounts it, so the script can read it, too.",
      })
      .optional(),
  }),
  ['branch', 'tag', 'commit'],
);

/** Where the script comes from. */
export const Script = exactlyOneOf(
  z
    .strictObject({
      inline: word(LIMITS.inlineScript, 'The script itself.').optional(),
      file: z
        .string()
        .min(1)
        .max(4096)
        .meta({
          description:
            "Path or file:// URI. Looked up in the operator's scripts folders first, then in the pod's own file system.",
        })
        .optional(),
      configMap: ConfigMapScript.meta({ description: 'A key of a ConfigMap.' }).optional(),
      git: GitScript.meta({ ...GitScript.meta(), description: 'A file of a git repository.' }).optional(),
    })
    .meta({ description: 'The Python file to run: exactly one of inline, file, configMap and git.' }),
  ['inline', 'file', 'configMap', 'git'],
);

/** What the script runs in. */
export const Environment = z
  .strictObject({
    image: word(1024, "Container image with Python 3.9 or newer. Without it: the operator's default image.").optional(),
    create: z.boolean().default(false).meta({
      description: 'Install the git repository of the script (pip install .) in a virtual environment first.',
    }),
    requirements: z
      .array(z.string().min(1).max(512).regex(REQUIREMENT))
      .max(128)
      .meta({
        description: 'Packages to install with pip before the script is loaded, as in a requirements file.',
        'x-kubernetes-list-type': 'atomic',
      })
      .optional(),
  })
  .meta({ description: 'What the script runs in.' });
