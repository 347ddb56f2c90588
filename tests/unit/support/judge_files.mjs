// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For the tests of the playback judge: files made with ffmpeg, damage done to them, jobs run.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const runner = fileURLToPath(new URL('../../support/judge/run.sh', import.meta.url));

export const fragmented = '-movflags +frag_keyframe+empty_moov+default_base_moof';
export const progressive = '-movflags +faststart';
const x264 = '-c:v libx264 -profile:v baseline -level 3.1 -preset ultrafast -pix_fmt yuv420p -g 30';
const opus = '-c:a libopus -ac 2 -b:a 64k';
export const both = 'video/mp4; codecs="avc1.42c01f,opus"';

export class Workshop {
  constructor(mp4check) {
    this.folder = mkdtempSync(join(tmpdir(), 'judge-'));
    this.mp4check = mp4check;
  }

  path(name) {
    return join(this.folder, name);
  }

  // `video` and `audio` are lavfi sources; either may be empty.
  make(name, video, audio, flags) {
    const inputs = [video, audio].filter(Boolean).flatMap((source) => ['-f', 'lavfi', '-i', source]);
    const codecs = `${video ? x264 : ''} ${audio ? opus : ''} ${flags}`.split(' ').filter(Boolean);
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...inputs, ...codecs, this.path(name)], { stdio: 'inherit' });
    return this.path(name);
  }

  write(name, bytes) {
    writeFileSync(this.path(name), bytes);
    return this.path(name);
  }

  // One browser for all jobs; a job carries what is expected of it in `want`.
  run(jobs) {
    const list = this.write('jobs.json', JSON.stringify(jobs.map(({ want, ...job }) => job)));
    const result = spawnSync(runner, ['--jobs', list], {
      encoding: 'utf8',
      env: { ...process.env, MP4CHECK: this.mp4check },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (result.status === 77) {
      process.stdout.write(result.stdout);
      this.clean();
      process.exit(77);
    }
    return { status: result.status, lines: result.stdout.trim().split('\n').map((line) => JSON.parse(line)) };
  }

  clean() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// The [begin, end) of every moof with its mdat.
export function fragmentsOf(path) {
  const bytes = readFileSync(path);
  const fragments = [];
  for (let at = 0; at + 8 <= bytes.length; at += bytes.readUInt32BE(at)) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    const end = at + bytes.readUInt32BE(at);
    if (type === 'moof') fragments.push({ begin: at, payload: end + 8 });
    if (type === 'mdat') fragments.at(-1).end = end;
  }
  return { bytes, fragments };
}
