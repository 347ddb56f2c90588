// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The judge hears beeps and sees flashes at the second at which they are: a file that has them at
// known times, made with ffmpeg, read back within 40 ms.
import assert from 'node:assert/strict';
import { fragmented, progressive, Workshop } from './judge_files.mjs';

const seconds = 6;
const kFlash = 0.5; // within each second
const kBeep = 0.3; // elsewhere, so that neither is taken for the other
const kTolerance = 0.04; // seconds

const during = (begin) => `lt(mod(t+1-${begin},1),0.1)*gte(t,${begin})`;
const flash = `color=c=black:s=320x240:r=30:d=${seconds},drawbox=x=0:y=0:w=320:h=40:c=white:t=fill:enable='${during(kFlash)}'`;
// Frequency in Hz; half of full scale.
const beep = (frequency) => `aevalsrc='if(${during(kBeep)},0.5*sin(2*PI*${frequency}*t),0)':s=48000:d=${seconds}`;

const each = (offset) => Array.from({ length: seconds }, (_, i) => i + offset);

// Listening happens in real time: a machine that is busy elsewhere can swallow a beep, never make one
// up. So a measurement may be made anew.
const kAttempts = 3;

function matches(job, line) {
  if (line.ok !== Array.isArray(job.want)) return false;
  if (!line.ok) return job.want.test(line.why);
  const found = line[job.mode];
  return found.length === job.want.length && found.every((time, i) => Math.abs(time - job.want[i]) <= kTolerance);
}

const shop = new Workshop(process.argv[2]);
try {
  const both = shop.make('both.mp4', flash, beep(1000), fragmented);
  const plain = shop.make('plain.mp4', flash, beep(1000), progressive);
  const audio = shop.make('audio.mp4', '', beep(1000), progressive);
  const video = shop.make('video.mp4', flash, '', progressive);
  const other = shop.make('other.mp4', '', beep(440), progressive);
  const jobs = [
    { mode: 'beeps', file: both, want: each(kBeep) },
    { mode: 'beeps', file: both, mse: true, want: each(kBeep) },
    { mode: 'beeps', file: plain, want: each(kBeep) },
    { mode: 'beeps', file: audio, want: each(kBeep) },
    { mode: 'beeps', file: other, want: [] },
    { mode: 'beeps', file: video, want: /no audio/ },
    { mode: 'flashes', file: both, want: each(kFlash) },
    { mode: 'flashes', file: both, mse: true, want: each(kFlash) },
    { mode: 'flashes', file: video, want: each(kFlash) },
    { mode: 'flashes', file: audio, want: /no video/ },
  ];
  let open = jobs;
  let lines = [];
  for (let attempt = 1; open.length > 0 && attempt <= kAttempts; ++attempt) {
    ({ lines } = shop.run(open));
    if (attempt < kAttempts) open = open.filter((job, i) => !matches(job, lines[i]));
  }
  open.forEach((job, i) => assert.ok(matches(job, lines[i]), `${JSON.stringify(job)}: ${JSON.stringify(lines[i])}`));
  console.log(`${jobs.length} measurements as expected`);
} finally {
  shop.clean();
}
