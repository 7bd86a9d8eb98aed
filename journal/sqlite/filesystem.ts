import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Unusable } from '../errors.ts';

/**
 * File systems on which SQLite's shared memory (WAL) or locks do not hold between machines, by the `f_type` of statfs(2).
 * FUSE is among them: what stands behind it (sshfs, s3fs, GlusterFS) cannot be told.
 */
const NETWORK = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB 2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x65735546, 'FUSE'],
]);

/** Throws Unusable if the folder of `path` lies on a network file system, and what statfs throws if there is none. */
export async function refuseNetworkFileSystem(
  path: string,
  typeOf: (folder: string) => Promise<number> = async (folder) => (await statfs(folder)).type,
): Promise<void> {
  // Node gives the type as a signed number on some platforms.
  const name = NETWORK.get((await typeOf(dirname(path))) >>> 0);
  if (name === undefined) return;
  throw new Unusable(
    `${path} is on a network file system (${name}), where SQLite loses data: put the store on a local volume, or use PostgreSQL`,
  );
}
