/** One command, in the order in which a person might type them: each sees what those before it did. */
export interface Step {
  /** As typed after `kubectl`, by words; NAMESPACE stands for the suite's. */
  args: readonly string[];
  /** Its stdin. */
  input?: unknown;
  /** Ends it after so many lines. */
  lines?: number;
  /** What it prints depends on the moment: only how it ends counts. */
  mute?: true;
  /** Typed again until it says this, because what it shows comes by itself. */
  until?: RegExp;
  /** Added to its environment. */
  env?: Record<string, string>;
  /** Said by the embedded cluster, which does not do this. */
  embedded?: RegExp;
}

/** A command whose words hold no blanks. */
export const step = (line: string, more: Omit<Step, 'args'> = {}): Step => ({ args: line.split(' '), ...more });

/** The arguments of a patch of the status. */
export const status = (patch: object): string[] => [
  '--subresource=status',
  '--type=merge',
  '-p',
  JSON.stringify({ status: patch }),
];

/** A condition as the operator writes them. */
export const condition = (type: string): object => ({
  type,
  status: 'True',
  reason: 'Asked',
  message: '',
  lastTransitionTime: '2026-01-02T03:04:05Z',
});

/** An editor that is `sed`. */
export const EDITOR = (script: string): Record<string, string> => ({ EDITOR: `sed -i -e '${script}'` });
