/** A kubeconfig with one context, as YAML (which JSON is). */
export function kubeconfig(options: { url: string; ca: string; token: string; namespace?: string }): string {
  const { url, ca, token, namespace = 'default' } = options;
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'oet-local',
      clusters: [
        {
          name: 'oet-local',
          cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
        },
      ],
      users: [{ name: 'oet-local', user: { token } }],
      contexts: [{ name: 'oet-local', context: { cluster: 'oet-local', user: 'oet-local', namespace } }],
    },
    null,
    2,
  )}\n`;
}
