import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** PEM texts of a certificate authority and of a server certificate that it signed. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

const DAY = 24 * 3600 * 1000;

/** DER of one element. */
function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}

const sequence = (...items: Buffer[]): Buffer => der(0x30, ...items);
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);
const octets = (content: Buffer): Buffer => der(0x04, content);
const flag = Buffer.from([0x01, 0x01, 0xff]);

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(commonName)))));
}

/** GeneralizedTime, which needs no rule for the century. */
function time(ms: number): Buffer {
  return der(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [flag] : []), octets(value));
}

function publicDer(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function keyId(key: KeyObject): Buffer {
  return createHash('sha1').update(publicDer(key)).digest();
}

function certificate(
  subject: string,
  key: KeyObject,
  issuer: { name: string; privateKey: KeyObject },
  validity: [number, number],
  extensions: Buffer[],
): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    der(0xa0, Buffer.from([0x02, 0x01, 0x02])),
    der(0x02, serial),
    ECDSA_SHA256,
    name(issuer.name),
    sequence(time(validity[0]), time(validity[1])),
    name(subject),
    publicDer(key),
    der(0xa3, sequence(...extensions)),
  );
  const whole = sequence(body, ECDSA_SHA256, bits(sign('sha256', body, issuer.privateKey)));
  const base64 = whole.toString('base64').replace(/(.{64})(?=.)/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/**
 * A certificate authority of its own and a server certificate for `localhost` and 127.0.0.1, both on P-256 keys, made
 * with nothing but Node. The authority's key is thrown away.
 */
export function makeCertificates(now: number = Date.now(), days = 3650): Certificates {
  const validity: [number, number] = [now - DAY, now + days * DAY];
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name: 'oet-local-ca', privateKey: authority.privateKey };
  const authorityId = keyId(authority.publicKey);
  const ca = certificate('oet-local-ca', authority.publicKey, issuer, validity, [
    extension('2.5.29.19', true, sequence(flag)),
    extension('2.5.29.15', true, Buffer.from([0x03, 0x02, 0x01, 0x06])),
    extension('2.5.29.14', false, octets(authorityId)),
  ]);
  const names = sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x82, Buffer.from('kubernetes')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const cert = certificate('oet-local', server.publicKey, issuer, validity, [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, Buffer.from([0x03, 0x02, 0x07, 0x80])),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', false, names),
    extension('2.5.29.14', false, octets(keyId(server.publicKey))),
    extension('2.5.29.35', false, sequence(der(0x80, authorityId))),
  ]);
  const key = server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { ca, cert, key };
}
