import type { KubeletKnobs } from './knobs.ts';
import type { ContainerSpec, ContainerState } from './pod.ts';

/**
 * Why the container's image cannot be had; undefined if it can. There are no images here: every name stands for this
 * machine's Python, but for those that the knobs name and those that say `does-not-exist` or `no-such-image`, so that a pod can fail by it.
 */
export function imageProblem(
  container: ContainerSpec,
  knobs: KubeletKnobs,
  attempt: number,
): ContainerState | undefined {
  const { image } = container;
  if (!/does-not-exist|no-such-image/.test(image) && !knobs.missingImages.includes(image)) return undefined;
  if (container.imagePullPolicy === 'Never') {
    const message = `Container image "${image}" is not present with pull policy of Never`;
    return { waiting: { reason: 'ErrImageNeverPull', message } };
  }
  const error = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": not found`;
  if (attempt % 2 === 0) return { waiting: { reason: 'ErrImagePull', message: error } };
  return {
    waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}": ErrImagePull: ${error}` },
  };
}
