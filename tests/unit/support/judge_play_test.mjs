// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The playback judge accepts what is good and rejects, for the right reason, what is not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { both, fragmented, fragmentsOf, progressive, Workshop } from './judge_files.mjs';

const picture = (seconds) => `testsrc2=s=320x240:r=30:d=${seconds}`;
const tone = (seconds) => `sine=f=440:d=${seconds}`;

function goodJobs(shop) {
  const av = shop.make('av.mp4', picture(10), tone(10), fragmented);
  const plain = shop.make('plain.mp4', picture(10), tone(10), progressive);
  const video = shop.make('video.mp4', picture(10), '', fragmented);
  const audio = shop.make('audio.mp4', '', tone(10), `${fragmented} -frag_duration 1000000`);
  const short = shop.make('short.mp4', picture(1), tone(1), fragmented);
  const long = shop.make('long.mp4', picture(30), tone(30), fragmented);
  const whole = { expectAudio: true, expectSound: true, expectVideo: true };
  const want = { ok: true };
  return [
    { mode: 'progressive', file: av, ...whole, expectFrames: 300, expectDuration: 10, screenshot: shop.path('shot.png'), want },
    { mode: 'mse', file: av, codecs: both, ...whole, expectFrames: 300, expectDuration: 10, want },
    { mode: 'mse', file: av, ...whole, want }, // the codecs come from mp4check
    { mode: 'progressive', file: plain, ...whole, expectFrames: 300, expectDuration: 10, want },
    { mode: 'progressive', file: video, expectVideo: true, expectFrames: 300, want },
    { mode: 'mse', file: video, expectVideo: true, want },
    { mode: 'progressive', file: audio, expectAudio: true, expectDuration: 10, want },
    { mode: 'mse', file: audio, expectAudio: true, want },
    { mode: 'progressive', file: short, ...whole, expectFrames: 30, expectDuration: 1, want },
    { mode: 'mse', file: short, ...whole, want },
    { mode: 'progressive', file: long, ...whole, expectFrames: 900, expectDuration: 30, want },
    { mode: 'mse', file: long, ...whole, expectFrames: 900, want },
  ];
}

// Copies of av.mp4, ten fragments of a second.
function damagedJobs(shop) {
  const av = shop.path('av.mp4');
  const { bytes, fragments } = fragmentsOf(av);
  assert.equal(fragments.length, 10);
  const fifth = fragments[5];
  const torn = shop.write('torn.mp4', bytes.subarray(0, (fifth.payload + fifth.end) >> 1));
  const header = shop.write('header.mp4', bytes.subarray(0, fifth.begin + 100));
  const hole = shop.write('hole.mp4', Buffer.concat([bytes.subarray(0, fifth.begin), bytes.subarray(fifth.end)]));
  const halfUnit = Buffer.from(bytes.subarray(0, fifth.end)).fill(0, fifth.begin, fifth.begin + 8);
  const killed = shop.write('killed.mp4', halfUnit);
  // The same at each run: real noise is a box of a size that never comes once in a while.
  let seed = 1;
  const noise = shop.write('noise.mp4', Buffer.alloc(200000).map(() => (seed = (seed * 48271) % 2147483647) & 255));
  const plain = readFileSync(shop.path('plain.mp4'));
  const cut = shop.write('cut.mp4', plain.subarray(0, Math.floor(plain.length * 0.6)));
  const video = shop.path('video.mp4');
  const five = { expectFrames: 150, expectDuration: 5 };
  return [
    { mode: 'progressive', file: torn, want: { why: /decode|ended|frame/i } },
    { mode: 'mse', file: torn, codecs: both, want: { why: /last segment is cut off/ } },
    { mode: 'progressive', file: header, want: { why: /COULD_NOT_OPEN/ } },
    { mode: 'progressive', file: cut, want: { why: /no frame|seek|stalls|decode/i } },
    { mode: 'mse', file: hole, codecs: both, want: { why: /2 buffered ranges/ } },
    { mode: 'mse', file: hole, codecs: both, allowHole: true, want: { ok: true } },
    // A half-done commit: what is closed plays, alone or with the rest behind it.
    { mode: 'progressive', file: killed, ...five, want: { ok: true } },
    { mode: 'mse', file: killed, codecs: both, cutTail: true, ...five, want: { ok: true } },
    { mode: 'progressive', file: av, bytes: fifth.begin, ...five, want: { ok: true } },
    { mode: 'progressive', file: noise, want: { why: /COULD_NOT_OPEN/ } },
    { mode: 'mse', file: noise, codecs: both, want: { why: /append|buffered nothing/ } },
    { mode: 'mse', file: av, codecs: 'video/mp4; codecs="vp09.00.10.08,opus"', want: { why: /append/ } },
    { mode: 'mse', file: av, codecs: 'video/mp4; codecs="nonsense"', want: { why: /does not support/ } },
    { mode: 'progressive', file: video, expectAudio: true, want: { why: /no audio is decoded/ } },
    { mode: 'progressive', file: shop.path('audio.mp4'), expectVideo: true, want: { why: /no video/ } },
    { mode: 'progressive', file: av, numbersPerSecond: 30, want: { why: /shows picture/ } }, // it bears no numbers
    { mode: 'progressive', file: av, expectFrames: 330, want: { why: /300 frames were decoded/ } },
    { mode: 'progressive', file: av, expectDuration: 11, want: { why: /11 s were expected/ } },
    { mode: 'progressive', file: shop.path('missing.mp4'), want: { why: /ENOENT/ } },
  ];
}

function check(job, line) {
  const context = `${job.mode} ${JSON.stringify(job)}: ${JSON.stringify(line)}`;
  if (!job.want.ok) {
    assert.equal(line.ok, false, context);
    assert.match(line.why, job.want.why, context);
    return;
  }
  assert.equal(line.ok, true, context);
  assert.equal(line.errors.length, 0, context);
  if (!job.allowHole) assert.equal(line.seeks.length, 5, context);
  for (const { target, mediaTime } of line.seeks) assert.ok(Math.abs(target - mediaTime) <= 0.1, context);
  if (job.expectVideo) assert.deepEqual([line.videoWidth, line.videoHeight], [320, 240], context);
}

const shop = new Workshop(process.argv[2]);
try {
  const jobs = [...goodJobs(shop), ...damagedJobs(shop)];
  const { status, lines } = shop.run(jobs);
  assert.equal(lines.length, jobs.length);
  jobs.forEach((job, i) => check(job, lines[i]));
  assert.equal(status, 1); // some were rejected
  assert.equal(readFileSync(shop.path('shot.png')).toString('latin1', 1, 4), 'PNG');
  assert.equal(shop.run([jobs[0]]).status, 0);
  console.log(`${jobs.length} judgements as expected`);
} finally {
  shop.clean();
}
