// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The judge's HTTP server: byte ranges as RFC 9110, 14 has them, and nothing but its own files.
import assert from 'node:assert/strict';
import { startServer } from '../../support/judge/server.mjs';
import { Workshop } from './judge_files.mjs';

const shop = new Workshop();
const path = shop.write('ten.mp4', '0123456789');
const server = await startServer(new Map([['a.mp4', { path, bytes: 10 }], ['cut.mp4', { path, bytes: 4 }]]));

async function get(name, range) {
  const response = await fetch(`${server.origin}/${name}`, { headers: range ? { Range: range } : {} });
  return [response.status, await response.text(), response.headers.get('content-range')];
}

try {
  assert.deepEqual(await get('media/a.mp4'), [200, '0123456789', null]);
  assert.deepEqual(await get('media/a.mp4', 'bytes=2-4'), [206, '234', 'bytes 2-4/10']);
  assert.deepEqual(await get('media/a.mp4', 'bytes=7-'), [206, '789', 'bytes 7-9/10']);
  assert.deepEqual(await get('media/a.mp4', 'bytes=7-99'), [206, '789', 'bytes 7-9/10']);
  assert.deepEqual(await get('media/a.mp4', 'bytes=-3'), [206, '789', 'bytes 7-9/10']);
  assert.deepEqual(await get('media/a.mp4', 'bytes=10-'), [416, '', 'bytes */10']);
  assert.deepEqual(await get('media/a.mp4', 'bytes=x-'), [200, '0123456789', null]);
  assert.deepEqual(await get('media/cut.mp4'), [200, '0123', null]);
  assert.equal((await get('media/b.mp4'))[0], 404);
  assert.equal((await get('..%2fpackage.json'))[0], 404);
  assert.equal((await get('judge.html'))[0], 200);
  console.log('ranges as RFC 9110 has them');
} finally {
  server.close();
  shop.clean();
}
