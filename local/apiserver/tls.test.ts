import { expect, test } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { makeCertificates } from './tls.ts';

test('the server certificate is good for this machine and signed by the authority, whose key is nowhere', () => {
  const now = Date.UTC(2026, 0, 1);
  const { ca, cert, key } = makeCertificates(now, 30);
  const authority = new X509Certificate(ca);
  const server = new X509Certificate(cert);

  expect(server.checkIssued(authority)).toBe(true);
  expect(server.verify(authority.publicKey)).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  expect(authority.ca).toBe(true);
  expect(server.ca).toBe(false);
  expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(server.checkHost('localhost')).toBe('localhost');
  expect(server.checkHost('example.com')).toBeUndefined();
  expect(server.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(Date.parse(server.validFrom)).toBeLessThan(now);
  expect(Date.parse(server.validTo)).toBe(now + 30 * 24 * 3600 * 1000);
});
