/**
 * The machine that runs the pods. E2E_NODE names a command that runs its arguments there as root (words, split at blanks); without
 * it what needs the node itself is skipped. Everything that is taken down or mounted is put back by `restore`.
 */
import { it } from '@jest/globals';
import { command } from './command.ts';

const SHELL = (process.env.E2E_NODE ?? '').split(' ').filter((word) => word !== '');

/** Whether the cluster is the embedded one. */
export const EMBEDDED = process.env.E2E_EMBEDDED === '1';

/** Cases that need a shell on the node: skipped, with their names, where none is named. */
export const onNodeShell = SHELL.length > 0 && !EMBEDDED ? it : it.skip;

/** Cases that need a real node: the embedded cluster has no cgroups, volumes with a size, evictions or scheduler. */
export const onRealNode = EMBEDDED ? it.skip : it;

export type Daemon = 'apiserver' | 'kubelet' | 'containerd';

/** Finds a daemon by its name or kube-name, as program or as first argument of a program that holds several; prints its pid. */
const FIND = `
find_daemon() {
  for p in /proc/[0-9]*; do
    [ -s "$p/cmdline" ] || [ -n "$(tr -d '\\0' <"$p/cmdline" 2>/dev/null)" ] || continue
    set -- "$1" $(tr '\\0' '\\n' <"$p/cmdline" 2>/dev/null | head -n 2 | sed 's|.*/||;s|^kube-||')
    if [ "\${2:-}" = "$1" ] || [ "\${3:-}" = "$1" ]; then echo "\${p#/proc/}"; return; fi
  done
}`;

/** Keeps how it was started, then kills it. */
const KILL = `${FIND}
pid=$(find_daemon "$1"); [ -n "$pid" ] || { echo "no $1 runs here" >&2; exit 1; }
kept=$(mktemp /tmp/oet-e2e.XXXXXX)
cat "/proc/$pid/cmdline" >"$kept"; readlink "/proc/$pid/fd/1" >"$kept.log"
kill -9 "$pid"; echo "$kept"`;

/** As it was started, unless somebody else did so meanwhile (a kubelet its static pods, systemd its units). */
const START = `${FIND}
exec 3<"$2"; log=$(cat "$2.log"); rm -f "$2" "$2.log"
if [ -z "$(find_daemon "$1")" ]; then
  setsid xargs -0 -a /dev/fd/3 sh -c 'exec "$0" "$@" 3<&-' >>"$log" 2>&1 </dev/null &
fi`;

/** Runs a shell script on the node; gives its stdout, throws what it said if it fails. */
async function onNode(script: string, ...args: readonly string[]): Promise<string> {
  const [file = '', ...prefix] = SHELL;
  const { code, stdout, stderr } = await command(file, [...prefix, 'sh', '-c', script, 'sh', ...args]);
  if (code !== 0) throw new Error(`on the node: ${stderr}`);
  return stdout.trim();
}

const undo = new Set<() => Promise<unknown>>();

/** What puts something back: done once, by whoever calls it first, `restore` at the latest. */
function once(what: () => Promise<unknown>): () => Promise<void> {
  const step = async (): Promise<void> => {
    if (undo.delete(step)) await what();
  };
  undo.add(step);
  return step;
}

/** Kills a daemon of the node; the result starts it again. */
export async function takeDown(daemon: Daemon): Promise<() => Promise<void>> {
  const kept = await onNode(KILL, daemon);
  return once(() => onNode(START, daemon, kept));
}

/** Makes a small file system in a folder of the node, writable for everybody; the result takes it away. */
export async function mountSmall(folder: string, megabytes: number): Promise<() => Promise<void>> {
  await onNode(MOUNT, folder, String(megabytes));
  return once(() => onNode(UNMOUNT, folder));
}

/** An image file, looped: a disk as a volume has it. */
const MOUNT = `set -e
mkdir -p "$1"; dd if=/dev/zero of="$1.img" bs=1M count="$2" 2>/dev/null; mkfs.ext4 -q -m 0 "$1.img"
mount -o loop "$1.img" "$1"; chmod 777 "$1"`;
const UNMOUNT = `umount "$1" || umount -l "$1"; rm -f "$1.img"; rmdir "$1" || true`;

/** The same on the machine of the test, for the product's own files; undefined where that is not allowed. */
export async function mountHere(folder: string, megabytes: number): Promise<(() => Promise<void>) | undefined> {
  const { code } = await command('sh', ['-c', MOUNT, 'sh', folder, String(megabytes)]);
  const away = () => command('sh', ['-c', UNMOUNT, 'sh', folder]);
  if (code === 0) return once(away);
  await away();
  return undefined;
}

/** Something else that must be undone whatever happens. */
export const later = once;

/** For afterAll: puts back what a case that failed left. */
export async function restore(): Promise<void> {
  for (const step of [...undo].reverse()) await step();
}
