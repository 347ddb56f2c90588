// SPDX-License-Identifier: LGPL-2.1-or-later
//
// HTTP/1.1 on loopback for the playback judge: its page, and the files of the jobs with byte ranges
// (RFC 9110, 14), as a player that seeks needs them.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pageFolder = fileURLToPath(new URL('./page/', import.meta.url));

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mp4': 'video/mp4',
  '.m4s': 'video/mp4',
  '.webm': 'video/webm',
  '.mkv': 'video/x-matroska',
  '.ts': 'video/mp2t',
};

// "bytes=first-last", "bytes=first-", "bytes=-suffix"; null: none, or one that is not understood
// and must be ignored.
function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') return { first: Math.max(0, size - Number(match[2])), last: size - 1 };
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return { first: Number(match[1]), last };
}

function send(request, response, path, size) {
  const range = parseRange(request.headers.range, size);
  const headers = {
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'no-store',
    'Content-Type': types[extname(path)] ?? 'application/octet-stream',
  };
  if (range && (range.first >= size || range.last < range.first)) {
    response.writeHead(416, { ...headers, 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  headers['Content-Length'] = last - first + 1;
  if (range) headers['Content-Range'] = `bytes ${first}-${last}/${size}`;
  response.writeHead(range ? 206 : 200, headers);
  if (request.method === 'HEAD' || last < first) {
    response.end();
    return;
  }
  const stream = createReadStream(path, { start: first, end: last });
  stream.on('error', () => response.destroy());
  // A player drops the connection at every seek.
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

// `files` maps a name below /media/ to {path, bytes}; a file that still grows is served as it was
// when the job began, so that all of its ranges belong together.
export async function startServer(files) {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, 'http://loopback').pathname);
    try {
      if (name.startsWith('/media/')) {
        const file = files.get(name.slice('/media/'.length));
        if (file) return send(request, response, file.path, file.bytes);
      } else if (/^\/[a-z]+\.(html|js)$/.test(name)) {
        const path = join(pageFolder, name.slice(1));
        return send(request, response, path, statSync(path).size);
      }
    } catch {
      // Not there: 404.
    }
    response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
