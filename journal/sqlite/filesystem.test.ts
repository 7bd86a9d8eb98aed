import { describe, expect, test } from '@jest/globals';
import { refuseNetworkFileSystem } from './filesystem.ts';

describe('refuseNetworkFileSystem', () => {
  test.each([
    ['NFS', 0x6969],
    ['CIFS', 0xff534d42 | 0],
    ['FUSE', 0x65735546],
    ['Ceph', 0x00c36400],
  ])('refuses %s, and says what to do', async (name, type) => {
    const attempt = refuseNetworkFileSystem('/data/journal.db', () => Promise.resolve(type));

    await expect(attempt).rejects.toThrow(`/data/journal.db is on a network file system (${name})`);
  });

  test.each([
    ['ext4', 0xef53],
    ['XFS', 0x58465342],
    ['tmpfs', 0x01021994],
    ['overlay', 0x794c7630],
  ])('takes %s', async (_, type) => {
    await refuseNetworkFileSystem('/data/journal.db', () => Promise.resolve(type));
  });

  test('says which folder is missing', async () => {
    await expect(refuseNetworkFileSystem('/no/such/folder/journal.db')).rejects.toThrow('/no/such/folder');
  });
});
